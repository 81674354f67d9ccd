package tegata

/** For device certificates: an opaque subject, client authentication, one year. */
fun ProfileSpec.Companion.device(): ProfileSpec = usualProfile(UsualProfile.DEVICE)

/** For product credentials: client authentication, ten years, a key made by the registry. */
fun ProfileSpec.Companion.productCredential(): ProfileSpec = usualProfile(UsualProfile.PRODUCT_CREDENTIAL)

/** For TLS servers, such as a device's own web page: names from the CSR, server authentication, 397 days. */
fun ProfileSpec.Companion.tlsServer(): ProfileSpec = usualProfile(UsualProfile.TLS_SERVER)

/** Reads a profile from TOML; `profile.syntax` names line and field. */
fun ProfileSpec.Companion.fromToml(text: String): ProfileSpec = profileFromToml(text)

/** Reads a profile from JSON; `profile.syntax` names line and field. */
fun ProfileSpec.Companion.fromJson(text: String): ProfileSpec = profileFromJson(text)

/** Reads a product from TOML. */
fun ProductSpec.Companion.fromToml(text: String): ProductSpec = productFromToml(text)

/** Reads a product from a TOML file. */
fun ProductSpec.Companion.load(file: String): ProductSpec = productFromFile(file)

/** Reads a `SubjectPublicKeyInfo` in DER. */
fun PublicKey.Companion.fromSpki(der: ByteArray): PublicKey = publicKeyFromSpki(der)

/** What the key signs to make this statement: a prefix that names the purpose, a zero octet, and [content]. */
fun Statement.message(content: ByteArray): ByteArray = statementMessage(this, content)

/** Reads all `CERTIFICATE` blocks of PEM text in order and passes over others, such as a private key. */
fun Certificate.Companion.manyFromPem(input: ByteArray): List<Certificate> = certificatesFromPem(input)

/** The usual names: `cert`, `chain`, `fullchain` and `key` with `.pem` or `.der`, and `cacert.crt`. */
fun FileNames.Companion.usual(encoding: Encoding = Encoding.PEM): FileNames = usualFileNames(encoding)

/** Reads a name in the form of OpenSSL's configuration, such as `DNS:camera.local`. */
fun GeneralName.Companion.parse(text: String): GeneralName = parseGeneralName(text)

/** Writes a name in the form of OpenSSL's configuration. */
fun GeneralName.toText(): String = generalNameText(this)

/** Reads a private key: PKCS#8, SEC1 or PKCS#1, in PEM or DER. */
fun PrivateKey.Companion.fromBytes(input: ByteArray): PrivateKey = PrivateKey.fromBytes(Secret(input))

/** A certificate that came with a TLS session which the caller ended itself. */
fun Presented.Companion.overTls(certificate: ByteArray): Presented = Presented.Certificate(certificate, Proof.TlsSession)

/** A certificate with a signature over the statement `CHALLENGE` of a message that the caller chose afresh. */
fun Presented.Companion.signed(certificate: ByteArray, message: ByteArray, signature: ByteArray): Presented =
    Presented.Certificate(certificate, Proof.Signature(message, signature))

/** A pre-shared key: a device's password, or what a TLS-PSK handshake was made with. */
fun Presented.Companion.psk(identity: String, secret: ByteArray): Presented = Presented.Psk(identity, Secret(secret))

/** A device's password: checked and never read, under the device's ID. */
fun NewPsk.Companion.password(device: String): NewPsk = NewPsk(device)

/** A key for TLS: 32 random octets that can be read, under an identity that tells nobody whose it is. */
fun NewPsk.Companion.tls(device: String): NewPsk = NewPsk(
    device, kind = PskKind.READABLE, identityKind = IdentityKind.UNLINKABLE, policy = PskPolicy(length = 32u, raw = true),
)

/** A ring of sealing keys: seals with [current] and opens what [current] or one of [previous] sealed. */
fun SealingKeys.Companion.of(current: Sealer, previous: List<Sealer>): SealingKeys =
    SealingKeys.ring(current.any(), previous.map { it.any() })

/**
 * Whether a log that was exported (`exportLog`) or archived (`prune`) is what the registry with this public key recorded, read
 * from a stream as it is needed. An exception of the stream is thrown.
 */
fun verifyExport(input: java.io.InputStream, publicKey: String): Verification =
    throwing { thrown -> verifyExportFrom(thrown.input(input), publicKey) }

/** How many bits of entropy a secret has under this policy, rounded down; 0 when none meets it. */
fun PskPolicy.entropyBits(): UInt = policyEntropyBits(this)

/** As nginx forwards, with `$ssl_client_verify` and `$ssl_client_escaped_cert`. */
fun ProxyHeaders.Companion.nginx(): ProxyHeaders = usualProxy(UsualProxy.NGINX)

/** As HAProxy forwards. */
fun ProxyHeaders.Companion.haproxy(): ProxyHeaders = usualProxy(UsualProxy.HAPROXY)

/** As Envoy forwards. */
fun ProxyHeaders.Companion.envoy(): ProxyHeaders = usualProxy(UsualProxy.ENVOY)

/** As RFC 9440 says. */
fun ProxyHeaders.Companion.rfc9440(): ProxyHeaders = usualProxy(UsualProxy.RFC9440)

/**
 * Puts stores made by [factory] (a new, empty one each time) through everything that every store must do: what a [HostStore]
 * is tested with. Null when all is well, otherwise a line for each check that failed.
 */
fun checkStore(factory: StoreFactory): String? = storeConformance(factory)

/** The order of values in a store: nothing, numbers, texts by their UTF-8 octets, octets. */
object StoreValueOrder : Comparator<StoreValue> {
    override fun compare(a: StoreValue, b: StoreValue): Int = when {
        a is StoreValue.Int && b is StoreValue.Int -> a.value.compareTo(b.value)
        a is StoreValue.Text && b is StoreValue.Text -> octets(a.value.toByteArray(), b.value.toByteArray())
        a is StoreValue.Bytes && b is StoreValue.Bytes -> octets(a.value, b.value)
        else -> rank(a) - rank(b)
    }

    /** Octet by octet, as unsigned numbers. (`Arrays.compareUnsigned` is younger than many Androids.) */
    private fun octets(a: ByteArray, b: ByteArray): Int {
        val at = (0 until minOf(a.size, b.size)).firstOrNull { a[it] != b[it] } ?: return a.size - b.size
        return a[at].toUByte().compareTo(b[at].toUByte())
    }

    private fun rank(value: StoreValue): Int = when (value) {
        is StoreValue.Null -> 0
        is StoreValue.Int -> 1
        is StoreValue.Text -> 2
        is StoreValue.Bytes -> 3
    }
}
