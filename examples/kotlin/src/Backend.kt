package example

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import java.math.BigInteger
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.URI
import tegata.*

/**
 * The other side, so that the example runs by itself: a registry behind a few lines of HTTP on the loopback. A real one ends TLS,
 * and knows from the handshake which certificate is renewed; here the device says it.
 */
class Backend(private val clock: FixedClock) : AutoCloseable {
    private val registry = Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(clock = clock))
    private val call = Call("backend")
    private val issuing: Authority
    private val product: RegisteredProduct
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)

    init {
        issuing = registry.authorities.createRoot(NewAuthority("root", "CN=Example Root,O=Example"), call)
        val forProducts = registry.profiles.put("product", ProfileSpec.productCredential(), call)
        val forDevices = registry.profiles.put("device", ProfileSpec(extendedKeyUsage = listOf("clientAuth")), call)
        product = registry.products.register(
            NewProduct(ProductSpec("Sensor 1"), issuing.id, forProducts.id, forDevices.id),
            call,
        )
        server.createContext("/enroll") { answer(it) { query, body -> enroll(query.getValue("unit"), body) } }
        server.createContext("/renew") { answer(it) { query, body -> renew(query.getValue("serial"), body) } }
        server.createContext("/confirm") { answer(it) { query, _ -> confirm(query.getValue("serial")) } }
        server.start()
    }

    /** Where it listens. */
    val address: URI = URI("http://127.0.0.1:${server.address.port}/")

    /** What is built into every unit. */
    val productCredential: ByteArray get() = product.credential.issued.der

    /** What those trust who check devices. */
    val root: ByteArray get() = registry.trustBundle().roots.single()

    /** How the certificate with this serial number stands. */
    fun standing(serial: BigInteger): Standing =
        registry.certificates.bySerial(issuing.id, serial.toByteArray()).standing(clock.now())

    /** Gives the device with this certificate an AES key for its data, and a secret that both share from now on. */
    fun share(serial: BigInteger): Secret {
        val device = device(serial)
        registry.keys.issue(NewKey(NewKeyOwner.Device(device), SymmetricAlgorithm.AES256), call)
        return registry.psks.issue(NewPsk.tls(device), call).secret!!
    }

    /** The device's AES key, wrapped under the secret that it shares: any channel will do. */
    fun dataKey(serial: BigInteger): WrappedKey {
        val device = device(serial)
        val key = registry.keys.find(KeyFilter(device = device)).items.single()
        return registry.keys.deliver(key.id, device, call)
    }

    private fun device(serial: BigInteger): String = registry.certificates.bySerial(issuing.id, serial.toByteArray()).device!!

    private fun enroll(unit: String, body: String): String {
        val (credential, csr) = body.split("(?<=-----END CERTIFICATE-----\n)".toRegex(), limit = 2)
        val request = Enroll(credential.toByteArray(), csr = csr.toByteArray(), unit = unit)
        return whole(registry.devices.enroll(request, call).issued)
    }

    private fun renew(serial: String, csr: String): String {
        val current = registry.certificates.bySerial(issuing.id, BigInteger(serial, 16).toByteArray())
        return whole(registry.certificates.renew(Renew(current.id, csr = csr.toByteArray()), call))
    }

    private fun confirm(serial: String): String {
        val renewed = registry.certificates.bySerial(issuing.id, BigInteger(serial, 16).toByteArray())
        return registry.certificates.pem(registry.certificates.confirm(renewed.id, call).id)
    }

    /** The certificate and all above it: a key store wants the root too. */
    private fun whole(issued: Issued): String = (listOf(issued.der) + issued.chain).joinToString("") { pem("CERTIFICATE", it) }

    private fun answer(exchange: HttpExchange, work: (Map<String, String>, String) -> String) = exchange.use {
        val query = exchange.requestURI.query.orEmpty().split('&').associate { it.substringBefore('=') to it.substringAfter('=') }
        val (status, text) = try {
            200 to work(query, exchange.requestBody.readBytes().decodeToString())
        } catch (refused: TegataException) {
            (if (refused is UnavailableException) 503 else 403) to "${refused.code}: ${refused.message}"
        }
        exchange.sendResponseHeaders(status, text.toByteArray().size.toLong())
        exchange.responseBody.write(text.toByteArray())
    }

    private fun HttpExchange.use(work: () -> Unit) = try {
        work()
    } finally {
        close()
    }

    override fun close() {
        server.stop(0)
        registry.close()
    }
}
