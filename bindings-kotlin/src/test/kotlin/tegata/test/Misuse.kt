package tegata.test

import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import tegata.*

/** What nobody should do, and everybody does. */
class Misuse {
    fun `a closed registry says so in every call`() {
        val world = World()
        val devices = world.registry.devices
        world.close()
        world.close()
        assertRefused("store.closed") { world.registry.counts() }
        assertRefused("store.closed") { devices.count() }
        assertSame("store.closed", (devices.registerMany(listOf(NewDevice())).single() as Outcome.Refused).error.code)
        assertThrows<StateException> { world.registry.authorities.get(world.root.id) }
    }

    fun `a closed key, clock, store or CRL is refused by the JVM and does not crash it`() {
        val key = makeKey(KeyAlgorithm.ECDSA_P256)
        key.close()
        key.close()
        assertThrows<IllegalStateException> { key.sign(byteArrayOf(1)) }
        assertThrows<TegataException> { makeCsr(key, "", listOf()) }
        val store = MemoryStore()
        store.close()
        assertThrows<IllegalStateException> { Registry.open(store, SoftwareSealer.generate()) }
        val opened = openStore("memory:")
        opened.close()
        assertThrows<IllegalStateException> { Registry.open(opened, SoftwareSealer.generate()) }
        world { assertThrows<IllegalStateException> { registry.copyTo(opened) } }
        val clock = FixedClock.at(java.time.Instant.EPOCH)
        clock.close()
        assertThrows<IllegalStateException> { clock.advance(1) }
    }

    fun `store and sealer may be closed once the registry is open`() {
        val store = MemoryStore()
        val sealer = SoftwareSealer.generate()
        Registry.open(store, sealer).use { registry ->
            store.close()
            sealer.close()
            assertSame(0UL, registry.devices.count())
        }
    }

    fun `eight threads use one registry while it is closed`() {
        val world = World()
        val pool = Executors.newFixedThreadPool(8)
        val codes = (1..64).map { number ->
            pool.submit<String> {
                try {
                    world.registry.devices.register(NewDevice(name = "lamp $number"))
                    "done"
                } catch (refused: TegataException) {
                    refused.code
                }
            }
        }
        Thread.sleep(2)
        world.close()
        pool.shutdown()
        assertTrue(pool.awaitTermination(60, TimeUnit.SECONDS))
        assertTrue(codes.all { it.get() in setOf("done", "store.closed") }) { codes.map { it.get() }.toString() }
    }

    fun `eight threads enroll at once`() = world {
        val requests = (1..64).map { Enroll(credential, csr = csr(), unit = "SN-$it") }
        val pool = Executors.newFixedThreadPool(8)
        val results = requests.map { pool.submit<Enrolled> { registry.devices.enroll(it, admin) } }
        pool.shutdown()
        assertTrue(pool.awaitTermination(60, TimeUnit.SECONDS))
        assertSame(64, results.map { it.get().device.id }.distinct().size)
        assertSame(64UL, registry.products.enrolled(camera.product.id))
    }

    fun `half of a surrogate pair is no text and NUL is no name`() = world {
        assertRefused("input.invalid") { registry.devices.register(NewDevice(name = "\uD800"), admin) }
        assertRefused("input.invalid") { registry.devices.get("\uDC00") }
        assertRefused("input.invalid") { registry.devices.register(NewDevice(name = "a\u0000b"), admin) }
        assertSame("🛂", registry.devices.register(NewDevice(name = "🛂"), admin).name)
    }

    fun `numbers at their ends are refused or served and wrap nowhere`() = world {
        assertSame(ULong.MAX_VALUE, registry.products.setEnrollmentPolicy(camera.product.id, EnrollmentPolicy(quota = ULong.MAX_VALUE), admin).policy.quota)
        assertRefused("profile.invalid") { registry.profiles.put("long", ProfileSpec(validityDays = UInt.MAX_VALUE), admin) }
        assertSame(0, registry.devices.find(page = Page(limit = UInt.MAX_VALUE)).items.size)
        assertRefused("input.invalid") { registry.products.issueClaimCodes(camera.product.id, UInt.MAX_VALUE, call = admin) }
    }

    fun `large and empty octets are arguments like any other`() = world {
        assertRefused("csr.too_large") { parseCsr(ByteArray(10_000_000)) }
        assertRefused("csr.malformed") { parseCsr(ByteArray(0)) }
        assertRefused("certificate.malformed") { parseCertificate(ByteArray(0)) }
        assertThrows<TegataException> { Crl.fromBytes(ByteArray(1_000_000)) }
    }

    fun `the JVM ends while calls are under way`() {
        val code = child("tegata.test.EndingKt")
        assertSame(3, code)
    }

    fun `nothing is lost when thousands of objects are forgotten`() {
        repeat(5_000) { makeKey(KeyAlgorithm.ED25519) }
        System.gc()
        assertTrue(makeKey(KeyAlgorithm.ED25519).publicKey().spki.isNotEmpty())
    }

    private fun child(main: String): Int {
        val java = ProcessHandle.current().info().command().get()
        val process = ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), main).inheritIO().start()
        assertTrue(process.waitFor(60, TimeUnit.SECONDS)) { process.destroyForcibly(); "the JVM does not end" }
        return process.exitValue()
    }
}
