package tegata.test

import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import tegata.HostSigner

/** A key of the Java Cryptography Architecture: of a key store, a smart card, an Android Keystore. It shows only its public half. */
class JcaSigner(private val key: PrivateKey, private val public: java.security.PublicKey) : HostSigner {
    constructor(pair: KeyPair) : this(pair.private, pair.public)

    /** The key of this alias in a key store. */
    constructor(store: KeyStore, alias: String, password: CharArray?) :
        this(store.getKey(alias, password) as PrivateKey, store.getCertificate(alias).publicKey)

    override fun spki(): ByteArray = public.encoded

    override fun sign(message: ByteArray): ByteArray = Signature.getInstance("SHA256withECDSA").run {
        initSign(key)
        update(message)
        sign()
    }
}

/** A new P-256 key pair. */
fun newPair(): KeyPair = KeyPairGenerator.getInstance("EC").run {
    initialize(ECGenParameterSpec("secp256r1"))
    generateKeyPair()
}
