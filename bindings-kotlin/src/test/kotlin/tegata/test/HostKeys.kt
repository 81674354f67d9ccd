package tegata.test

import java.io.IOException
import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec
import tegata.*

/** Seals with AES-GCM of the JVM. */
class JvmSealer(private val key: ByteArray = ByteArray(32).also { java.security.SecureRandom().nextBytes(it) }) : HostSealer {
    private val nonces = AtomicInteger()

    override fun seal(associated: ByteArray, plaintext: Secret): ByteArray {
        val nonce = java.nio.ByteBuffer.allocate(12).putInt(8, nonces.incrementAndGet()).array()
        return nonce + cipher(Cipher.ENCRYPT_MODE, nonce, associated).doFinal(plaintext.expose())
    }

    override fun unseal(associated: ByteArray, sealed: ByteArray): Secret = try {
        Secret(cipher(Cipher.DECRYPT_MODE, sealed.copyOf(12), associated).doFinal(sealed, 12, sealed.size - 12))
    } catch (_: AEADBadTagException) {
        throw SealException.WrongKey()
    }

    private fun cipher(mode: Int, nonce: ByteArray, associated: ByteArray) = Cipher.getInstance("AES/GCM/NoPadding").apply {
        init(mode, SecretKeySpec(key, "AES"), GCMParameterSpec(128, nonce))
        updateAAD(associated)
    }
}

/** A signer that does what it is told. */
class ToldSigner(private val inner: HostSigner, var told: (() -> Unit)? = null) : HostSigner {
    override fun spki(): ByteArray = inner.spki()

    override fun sign(message: ByteArray): ByteArray {
        told?.invoke()
        return inner.sign(message)
    }
}

/** Keys, sealing, time and randomness from the host. */
class HostKeys {
    fun `a key of the JCA makes a request, runs a CA and comes back after opening`() {
        val pair = newPair()
        World(signer = JcaSigner(pair)).use { world ->
            assertSame(SignerLocation.EXTERNAL, world.root.signer)
            val key = JcaSigner(newPair())
            val enrolled = world.enroll("SN-1", key)
            assertTrue(parseCertificate(enrolled.issued.der).spki.contentEquals(key.spki()))
            parseCertificate(enrolled.issued.der).verifySignedBy(PublicKey.fromSpki(pair.public.encoded))
            assertRefused("authority.signer_mismatch") { world.registry.authorities.useSigner(world.root.id, key) }
            world.registry.authorities.useSigner(world.root.id, JcaSigner(pair))
        }
    }

    fun `whatever a signer throws becomes signer failed with its text and nothing is done`() {
        val signer = ToldSigner(JcaSigner(newPair()))
        World(signer = signer).use { world ->
            val csr = world.csr()
            val before = world.registry.events.find().total
            val failures = listOf<Pair<() -> Unit, String>>(
                { -> throw IllegalStateException("the card is out") } to "the card is out",
                { -> throw IOException("no route\n\tat host") } to "no route",
                { -> throw StackOverflowError() } to "StackOverflowError",
                { -> throw OutOfMemoryError("made up") } to "made up",
                { -> throw object : Throwable("odd \uD800 one") {} } to "odd",
                { -> throw SealException.WrongKey() } to "WrongKey",
            )
            for ((failure, text) in failures) {
                signer.told = failure
                val thrown = assertRefused("signer.failed") {
                    world.registry.devices.enroll(Enroll(world.credential, csr = csr), world.admin)
                }
                assertTrue(thrown is UnavailableException)
                assertTrue(text in thrown.message!!) { thrown.message!! }
                assertTrue("\tat " !in thrown.message!! && ".kt:" !in thrown.message!!) { thrown.message!! }
                assertTrue(thrown.message!!.length < 500)
            }
            assertSame(before, world.registry.events.find().total)
            signer.told = null
            world.registry.devices.enroll(Enroll(world.credential, csr = csr), world.admin)
        }
    }

    fun `what a signer signs wrongly is not handed out`() {
        val other = JcaSigner(newPair())
        val liar = object : HostSigner {
            override fun spki() = other.spki()
            override fun sign(message: ByteArray) = JcaSigner(newPair()).sign(message)
        }
        assertRefused("signer.bad_signature") { makeCsr(liar, "", listOf()) }
        val empty = object : HostSigner {
            override fun spki() = ByteArray(0)
            override fun sign(message: ByteArray) = ByteArray(0)
        }
        assertRefused("key.malformed") { makeCsr(empty, "", listOf()) }
    }

    fun `a signer that calls the registry is refused instead of waiting for ever`() {
        val signer = ToldSigner(JcaSigner(newPair()))
        World(signer = signer).use { world ->
            var inside: TegataException? = null
            signer.told = {
                try {
                    world.registry.devices.count()
                } catch (refused: TegataException) {
                    inside = refused
                    throw refused
                }
            }
            val csr = world.csr()
            assertRefused("signer.failed") { world.registry.devices.enroll(Enroll(world.credential, csr = csr), world.admin) }
            assertSame("input.called_back", inside?.code)
            signer.told = null
            world.registry.devices.enroll(Enroll(world.credential, csr = csr), world.admin)
        }
    }

    fun `a sealer of the host keeps the secrets`() {
        val sealer = JvmSealer()
        val store = MemoryStore()
        World(store, sealer = sealer).use { it.enroll() }
        Registry.open(store, sealer).use { assertSame(1UL, it.devices.count()) }
        assertRefused("seal.wrong_key") { Registry.open(store, JvmSealer()) }
    }

    fun `a random source of the host is asked, and one that gives too little is refused`() {
        val random = java.security.SecureRandom()
        val asked = AtomicInteger()
        World(random = { count -> asked.incrementAndGet(); ByteArray(count.toInt()).also(random::nextBytes) }).use { it.enroll() }
        assertTrue(asked.get() > 0)
        for (broken in listOf(HostRandom { ByteArray(1) }, HostRandom { throw IOException("no entropy") })) {
            assertRefused("internal.random_failed") {
                Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(random = broken))
            }
        }
    }

    fun `a clock of the host tells the time, and one that fails lets nothing pass`() {
        var now: () -> java.time.Instant = { java.time.Instant.parse("2030-05-05T00:00:00Z") }
        val clock = HostClock { now() }
        Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(clock = clock)).use { registry ->
            assertSame("2030-05-05T00:00:00Z", registry.devices.register(NewDevice(name = "lamp")).created.toString())
            val root = registry.authorities.createRoot(NewAuthority("root", "CN=Root"))
            now = { throw IllegalStateException("no time") }
            assertThrows<TegataException> { registry.authorities.crl(root.id) }
        }
    }
}
