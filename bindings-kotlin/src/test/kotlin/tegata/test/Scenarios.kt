package tegata.test

import java.io.File
import java.time.Instant
import kotlin.reflect.KClass
import kotlin.reflect.full.createType
import kotlin.reflect.full.primaryConstructor
import org.json.JSONArray
import org.json.JSONObject
import tegata.*

/** One story, told in calls. */
class Scenario(private val json: JSONObject) {
    private val named = mutableMapOf<String, Any?>()
    private val builder = Builder(named)
    private val clock = FixedClock.at(Instant.parse(json.getString("clock"))).also { named["clock"] = it }
    private var registry: Registry? = null

    fun run() {
        try {
            json.getJSONArray("steps").forEachIndexed { number, step ->
                try {
                    step(step as JSONObject)
                } catch (failed: Throwable) {
                    throw AssertionError("step ${number + 1}: ${step.toString().take(400)}\n  $failed", failed)
                }
            }
        } finally {
            registry?.close()
            builder.remove()
        }
    }

    private fun step(step: JSONObject) {
        if (step.has("advance")) return clock.advance(step.getLong("advance"))
        val result = try {
            call(step)
        } catch (refused: TegataException) {
            if (!step.has("error")) throw refused
            if (refused.code != step.getString("error")) throw AssertionError("refused with $refused")
            return
        }
        if (step.has("error")) throw AssertionError("succeeded: $result")
        if (step.has("as")) named[step.getString("as")] = result
        if (step.has("expect")) Expectation(builder).check(step["expect"], result, "result")
    }

    private fun call(step: JSONObject): Any? {
        val operation = step.getString("call")
        val callable = Operations.find(operation) ?: error("Kotlin has no $operation")
        val args = step.optJSONObject("args") ?: JSONObject()
        val fields = args.keySet().associateBy { camel(it) }
        val unknown = fields.keys - callable.parameters.mapNotNull { it.name }.toSet()
        require(unknown.isEmpty()) { "$operation has no $unknown" }
        val archive = java.io.ByteArrayOutputStream()
        val result = Operations.call(callable, on(operation, step)) { parameter ->
            val name = parameter.name!!
            when {
                operation == "registry.maintain" && name == "archive" -> true to archive
                name == "call" && parameter.type.classifier == Call::class ->
                    true to Call(step.optString("actor", ""), step.optString("request_id", null))
                name == "bulk" -> true to Bulk(Atomicity.valueOf(step.optString("atomicity", "each").uppercase()))
                name in fields -> {
                    val built = builder.build(args[fields.getValue(name)], parameter.type)
                    (built != null || (parameter.type.isMarkedNullable && !parameter.isOptional)) to built
                }
                // An argument that is left out is all defaults, or nothing.
                parameter.isOptional -> false to null
                parameter.type.isMarkedNullable -> true to null
                else -> true to ((parameter.type.classifier as KClass<*>).primaryConstructor?.callBy(mapOf())
                    ?: error("$operation needs $name"))
            }
        }
        builder.archived = archive.toString("UTF-8").count { it == '\n' }
        if (operation == "Registry.open") {
            registry = result as Registry
            return null
        }
        if (result is ExportedEvents) return mapOf("count" to result.count, "text" to result.lines.toString(Charsets.UTF_8))
        return if (result == Unit) null else result
    }

    private fun on(operation: String, step: JSONObject): Any? {
        if (step.has("on")) {
            val on = step["on"]
            if (on is JSONObject) return builder.build(on, PskPolicy::class.createType())
            return if (on is String && !on.startsWith("$")) Statement.valueOf(on.uppercase().replace('-', '_')) else builder.reference(on as String)
        }
        val owner = operation.substringBefore('.', "")
        if (owner.isEmpty() || owner.first().isUpperCase()) return null
        val registry = registry
            ?: Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(clock = clock)).also { this.registry = it }
        return if (owner == "registry") registry else Operations.member(registry, owner)
    }
}

/** What a result must be like. */
class Expectation(private val builder: Builder) {
    fun check(expected: Any?, found: Any?, at: String) {
        fun fail(): Nothing = throw AssertionError("$at: expected $expected, found ${found.toString().take(600)}")
        when {
            expected == null || expected == JSONObject.NULL -> if (found != null) fail()
            expected is String && expected.startsWith("$") && !expected.startsWith("$$") -> {
                if (!same(builder.reference(expected), found)) fail()
            }
            expected is String -> if (!sameText(if (expected.startsWith("$$")) expected.drop(1) else expected, found)) fail()
            expected is Boolean -> if (found != expected) fail()
            expected is Number -> if (found?.toString() != expected.toString()) fail()
            expected is JSONArray -> list(expected, found, at, ::fail)
            expected is JSONObject && expected.length() == 1 && expected.keys().next().startsWith("$") ->
                if (!operator(expected.keys().next(), expected, found, at)) fail()
            expected is JSONObject && builder.bytes(expected) != null -> {
                val octets = if (found is Secret) found.expose() else found
                if (octets !is ByteArray || !octets.contentEquals(builder.bytes(expected))) fail()
            }
            expected is JSONObject -> fields(expected, found, at, ::fail)
            else -> fail()
        }
    }

    private fun list(expected: JSONArray, found: Any?, at: String, fail: () -> Nothing) {
        val items = when {
            found is List<*> -> found
            // A pair is a small record here.
            found != null && found::class.isData -> found::class.primaryConstructor!!.parameters.map { read(found, it.name!!) }
            else -> fail()
        }
        if (items.size != expected.length()) fail()
        items.forEachIndexed { number, item -> check(expected[number], item, "$at.$number") }
    }

    private fun fields(expected: JSONObject, found: Any?, at: String, fail: () -> Nothing) {
        if (found == null) fail()
        for (key in expected.keySet()) {
            when {
                key == "archived" && found is Maintained -> check(expected[key], builder.archived, "$at.archived")
                key == "ok" && found is Outcome.Done<*> -> check(expected[key], found.value.takeIf { it != Unit }, "$at.ok")
                key == "ok" && found is Outcome.Refused -> fail()
                key == "error" && found is Outcome.Done<*> -> fail()
                key == "type" && found::class.java.superclass?.kotlin?.isSealed == true ->
                    if (plain(found::class.simpleName!!) != plain(expected.getString(key))) fail()
                else -> check(expected[key], read(found, key), "$at.$key")
            }
        }
    }

    private fun text(found: Any?): String? = when (found) {
        is String -> found
        is Secret -> found.exposeText()
        is Instant -> found.toString()
        else -> null
    }

    private fun operator(name: String, expected: JSONObject, found: Any?, at: String): Boolean = when (name) {
        "\$set" -> expected.getBoolean(name) == !(found == null || size(found) == 0 || found == false)
        "\$len" -> size(found) == expected.getInt(name)
        "\$contains" -> expected.getJSONArray(name).all { wanted -> (found as List<*>).any { matches(wanted, it, at) } }
        "\$not" -> !matches(expected[name], found, at)
        "\$begins" -> text(found)?.startsWith(expected.getString(name)) == true
        "\$ends" -> text(found)?.endsWith(expected.getString(name)) == true
        "\$holds" -> text(found)?.contains(expected.getString(name)) == true
        "\$match" -> text(found)?.let { Regex(expected.getString(name)).matches(it) } == true
        else -> error("no operator $name")
    }

    private fun matches(expected: Any?, found: Any?, at: String): Boolean =
        runCatching { check(expected, found, at) }.fold({ true }, { if (it is AssertionError) false else throw it })

    private fun size(found: Any?): Int? = when (found) {
        is String -> found.length
        is Secret -> found.expose().size
        is ByteArray -> found.size
        is Collection<*> -> found.size
        is Map<*, *> -> found.size
        else -> null
    }

    private fun same(a: Any?, b: Any?): Boolean = when {
        a is ByteArray && b is ByteArray -> a.contentEquals(b)
        a is List<*> && b is List<*> -> a.size == b.size && a.indices.all { same(a[it], b[it]) }
        a is ByteArray && b is Secret -> a.contentEquals(b.expose())
        a is String && b is Secret -> a == b.exposeText()
        a is Secret && b is String -> a.exposeText() == b
        else -> a == b
    }

    private fun sameText(expected: String, found: Any?): Boolean = when (found) {
        is Enum<*> -> plain(found.name) == plain(expected)
        else -> (text(found) ?: found?.toString()) == expected
    }
}

/** The stories that every language runs. */
class Scenarios {
    fun `every scenario of the core goes as it says`() {
        val files = coreTests().resolve("scenarios").listFiles { file: File -> file.extension == "json" }!!.sorted()
        assertTrue(files.size > 2)
        val failed = files.mapNotNull { file ->
            runCatching { Scenario(JSONObject(file.readText())).run() }.exceptionOrNull()?.let { "${file.name}: ${it.message}" }
        }
        println("  ${files.size - failed.size} of ${files.size} scenarios")
        assertTrue(failed.isEmpty()) { failed.joinToString("\n") }
    }

    fun `a scenario that expects something else fails`() {
        val steps = listOf(
            """{"call": "devices.register", "args": {"new": {"name": "lamp"}}, "expect": {"name": "lump"}}""",
            """{"call": "devices.register", "args": {"new": {"name": "lamp"}}, "error": "device.name_taken"}""",
            """{"call": "devices.get", "args": {"id": "nonsense"}}""",
            """{"call": "devices.register", "args": {"new": {"nome": "lamp"}}}""",
            """{"call": "devices.no_such"}""",
            """{"call": "devices.find", "expect": {"items": [{}]}}""",
            """{"call": "devices.find", "expect": {"next": {"${'$'}set": true}}}""",
        )
        for (step in steps) {
            val scenario = """{"name": "x", "clock": "2026-01-01T00:00:00Z", "steps": [$step]}"""
            assertThrows<AssertionError> { Scenario(JSONObject(scenario)).run() }
        }
    }
}
