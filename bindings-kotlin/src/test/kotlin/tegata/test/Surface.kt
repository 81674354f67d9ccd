package tegata.test

import kotlin.reflect.KClass
import kotlin.reflect.KVisibility
import kotlin.reflect.full.declaredMemberFunctions
import org.json.JSONArray
import org.json.JSONObject
import tegata.*

/** What Kotlin offers, compared with what the core has. */
class Surface {
    private fun list(name: String) = JSONArray(coreTests().resolve(name).readText()).map { it as JSONObject }

    fun `every operation of the core is there with its parameters`() {
        val missing = list("operations.json").mapNotNull { operation ->
            val name = operation.getString("operation")
            val callable = Operations.find(name) ?: return@mapNotNull name
            val wanted = operation.getJSONArray("parameters").map { camel((it as JSONObject).getString("name")) } - setOf("out")
            val found = callable.parameters.mapNotNull { it.name }
            val order = found.filter { it in wanted }
            name.takeIf { order != wanted }?.let { "$it has $found instead of $wanted" }
        }
        assertTrue(missing.isEmpty()) { missing.joinToString("\n") }
    }

    fun `the list of operations is read, not only found`() {
        assertSame(null, Operations.find("devices.no_such"))
        assertSame(null, Operations.find("NoSuch.pem"))
        assertTrue(list("operations.json").size > 150)
    }

    fun `the codes are those of the core with their kinds`() {
        val wanted = list("errors.json").associate { it.getString("code") to plain(it.getString("kind")) }
        assertSame(wanted, ErrorCode.values().associate { it.code to plain(it.kind.name) })
        assertSame(wanted, errorTable().associate { it.code to plain(it.kind) })
    }

    fun `there is an exception for each kind`() {
        val classes = TegataException::class.sealedSubclasses.map { plain(it.simpleName!!.removeSuffix("Exception")) }.toSet()
        assertSame(ErrorKind.values().map { plain(it.name) }.toSet(), classes)
    }

    fun `each call that blocks has a twin that suspends`() {
        val pairs = listOf<Pair<KClass<*>, KClass<*>>>(
            Authorities::class to AsyncAuthorities::class, Profiles::class to AsyncProfiles::class,
            Products::class to AsyncProducts::class, Devices::class to AsyncDevices::class, Groups::class to AsyncGroups::class,
            Certificates::class to AsyncCertificates::class, Events::class to AsyncEvents::class, Psks::class to AsyncPsks::class,
            Keys::class to AsyncKeys::class, Campaigns::class to AsyncCampaigns::class, Clients::class to AsyncClients::class, Ocsp::class to AsyncOcsp::class,
            RegistryQuestions::class to AsyncRegistryQuestions::class,
        )
        for ((blocking, suspending) in pairs) {
            val twins = suspending.declaredMemberFunctions.associateBy { it.name }
            for (function in blocking.declaredMemberFunctions.filter { it.visibility == KVisibility.PUBLIC }) {
                val twin = twins[function.name] ?: throw AssertionError("${suspending.simpleName} has no ${function.name}")
                assertTrue(twin.isSuspend || function.name.endsWith("All")) { "${suspending.simpleName}.${function.name} blocks" }
                assertSame(function.parameters.mapNotNull { it.name }, twin.parameters.mapNotNull { it.name })
            }
        }
    }
}
