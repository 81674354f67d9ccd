package example

import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import java.security.spec.ECGenParameterSpec
import tegata.HostSigner
import tegata.PublicKey
import tegata.parseCertificate

/**
 * Where the key lives: a key store of the JCA. On Android it is `KeyStore.getInstance("AndroidKeyStore")`, which makes and keeps the key
 * in hardware; the rest is the same.
 */
class Vault(val path: Path, private val password: CharArray) {
    private val store: KeyStore = KeyStore.getInstance("PKCS12").apply {
        if (Files.exists(path)) Files.newInputStream(path).use { load(it, password) } else load(null, password)
    }

    /** The key and its certificates, for a TLS context. */
    val keyStore: KeyStore get() = store

    /** What the key store is opened with. */
    fun password(): CharArray = password

    /** The certificate and those above it; empty before the first. */
    fun chain(): List<X509Certificate> = store.getCertificateChain(ALIAS)?.map { it as X509Certificate }.orEmpty()

    /** The signer of the key that is there; null when there is none. */
    fun signer(): HostSigner? {
        val key = store.getKey(ALIAS, password) as PrivateKey? ?: return null
        return Signing(key, store.getCertificate(ALIAS).publicKey.encoded)
    }

    /** Makes a new key, not stored before [keep] is called with its certificate. */
    fun newKey(): Pair<PrivateKey, HostSigner> {
        val pair = KeyPairGenerator.getInstance("EC").run {
            initialize(ECGenParameterSpec("secp256r1"))
            generateKeyPair()
        }
        return pair.private to Signing(pair.private, pair.public.encoded)
    }

    /** Stores the certificate and those above it (DER) with `key`, or with the key that is there. */
    fun keep(ders: List<ByteArray>, key: PrivateKey? = null) {
        val factory = CertificateFactory.getInstance("X.509")
        val chain = ders.map { factory.generateCertificate(it.inputStream()) }.toTypedArray()
        store.setKeyEntry(ALIAS, key ?: store.getKey(ALIAS, password), password, chain)
        // Written beside and moved: a power cut leaves the old file or the new one.
        val beside = path.resolveSibling("${path.fileName}.new")
        Files.newOutputStream(beside).use { store.store(it, password) }
        Files.move(beside, path, java.nio.file.StandardCopyOption.REPLACE_EXISTING, java.nio.file.StandardCopyOption.ATOMIC_MOVE)
    }

    /** Signs with the key without showing it. */
    private class Signing(private val key: PrivateKey, private val spki: ByteArray) : HostSigner {
        override fun spki(): ByteArray = spki

        override fun sign(message: ByteArray): ByteArray = Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    private companion object {
        const val ALIAS = "device"
    }
}
