package tegata.test

import java.time.Instant
import tegata.*

/** Values: compared by content, shown without secrets, in the whole range of their types. */
class Values {
    fun `records with octets are the same when their octets are`() {
        val key = makeKey(KeyAlgorithm.ECDSA_P256).publicKey()
        val copy = key.copy(spki = key.spki.copyOf())
        assertSame(key, copy)
        assertSame(key.hashCode(), copy.hashCode())
        assertTrue(key != key.copy(spki = byteArrayOf(1)))
        assertSame(StoreValue.Bytes(byteArrayOf(1)), StoreValue.Bytes(byteArrayOf(1)))
        assertSame(TrustBundle(listOf(byteArrayOf(1))), TrustBundle(listOf(byteArrayOf(1))))
        assertTrue(TrustBundle(listOf(byteArrayOf(1))) != TrustBundle(listOf(byteArrayOf(2))))
        assertSame(1, setOf(Enroll(byteArrayOf(1), csr = byteArrayOf(2)), Enroll(byteArrayOf(1), csr = byteArrayOf(2))).size)
    }

    fun `a secret is not shown by anything that holds it`() = world {
        val issued = camera.credential
        val pem = issued.keyPem()!!.exposeText()
        assertTrue(pem.startsWith("-----BEGIN PRIVATE KEY-----"))
        assertSame("Secret(..)", issued.key.toString())
        for (shown in listOf(issued.toString(), camera.toString(), ExportFormat.Pkcs12(issued.key!!, Secret.of("pass")).toString())) {
            assertTrue("Secret(..)" in shown && "pass)" !in shown && "PRIVATE" !in shown) { shown }
        }
        assertTrue("PRIVATE" !in makeKey(KeyAlgorithm.ED25519).toString())
        val secret = Secret.of("word")
        assertSame(secret, Secret.of("word"))
        secret.close()
        assertThrows<IllegalStateException> { secret.expose() }
    }

    fun `what a device is given shows in no text`() = world {
        val given = registry.devices.provision(Provision(psk = PskWish(), key = SymmetricAlgorithm.TWINE128), admin)
        val password = given.psk!!.password()!!.exposeText()
        assertSame(24, password.length)
        assertSame(16, given.key!!.value.expose().size)
        val presented = Presented.psk(given.device.id, password.toByteArray())
        val client = registry.clients.register(NewClient("portal"), admin)
        val licence = client.licence.exposeText()
        for (shown in listOf(given.toString(), presented.toString(), client.toString(), given.psk.toString())) {
            assertTrue("Secret(..)" in shown && password !in shown && licence !in shown) { shown }
        }
        assertTrue(registry.authenticate(presented) is Principal.Device)
        assertRefused("authentication.failed") { registry.authenticate(Presented.psk(given.device.id, byteArrayOf(1))) }
    }

    fun `moments at the ends of time are clamped and never wrap`() = world {
        for (extreme in listOf(Instant.MIN, Instant.MAX, Instant.EPOCH, Instant.ofEpochSecond(Long.MAX_VALUE / 1000))) {
            clock.set(extreme)
            val now = clock.now()
            assertTrue(now >= Instant.parse("0000-01-01T00:00:00Z") && now <= Instant.parse("9999-12-31T23:59:59Z")) { "$now" }
            registry.events.find(EventFilter(from = extreme, to = extreme))
            registry.due(Due(extreme))
        }
        clock.set(Instant.EPOCH)
        clock.advance(Long.MAX_VALUE)
        assertSame("9999-12-31T23:59:59Z", clock.now().toString())
        clock.advance(Long.MIN_VALUE)
        assertSame("0000-01-01T00:00:00Z", clock.now().toString())
        assertTrue(parseCertificate(credential).isValidAt(Instant.MAX).not())
    }

    fun `a name is text and comes back as the text of the core`() {
        assertSame("DNS:camera.local", GeneralName.parse("DNS:camera.local").toText())
        assertSame(GeneralName.Ip("192.0.2.7"), GeneralName.parse("IP:192.0.2.7"))
        val key = makeKey(KeyAlgorithm.ECDSA_P256)
        val csr = parseCsr(makeCsr(key, "CN=pump\\, 7,O=Example", listOf(GeneralName.Dns("pump-7.local"), GeneralName.Ip("2001:db8::7"))))
        assertSame("CN=pump\\, 7,O=Example", csr.subject)
        assertSame(listOf(GeneralName.Dns("pump-7.local"), GeneralName.Ip("2001:db8::7")), csr.san)
        assertRefused("input.invalid") { makeCsr(key, "", listOf(GeneralName.Ip("nowhere"))) }
        assertRefused("input.invalid") { makeCsr(key, "", listOf(GeneralName.Dns("*"))) }
        assertRefused("input.invalid") { makeCsr(key, "no name", listOf()) }
    }
}
