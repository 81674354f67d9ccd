package example

import java.io.ByteArrayInputStream
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import tegata.makeCsr

/** The device's side: what it sends and what it does with the answers. */
class Identity(private val vault: Vault, private val backend: URI) {
    private val http = HttpClient.newHttpClient()

    /** The device's certificate, once it has one. */
    fun certificate(): X509Certificate? = vault.chain().firstOrNull()

    /** Makes a key and a request, and stores what comes back. `credential` is built into every unit of the product. */
    fun enroll(credential: ByteArray, unit: String) {
        val (key, signer) = vault.newKey()
        val csr = makeCsr(signer, "", listOf())
        vault.keep(post("/enroll?unit=$unit", pem("CERTIFICATE", credential) + tegata.csrPem(csr)), key)
    }

    /** Renews with the same key once two thirds of the validity are over, and confirms. */
    fun renewIfDue(now: Instant): Boolean {
        val current = certificate() ?: return false
        val (begins, ends) = current.notBefore.toInstant() to current.notAfter.toInstant()
        if (now < begins + Duration.between(begins, ends).multipliedBy(2).dividedBy(3)) return false
        val csr = makeCsr(vault.signer()!!, "", listOf())
        vault.keep(post("/renew?serial=${current.serialNumber.toString(16)}", tegata.csrPem(csr)))
        post("/confirm?serial=${certificate()!!.serialNumber.toString(16)}", "")
        return true
    }

    private fun post(path: String, body: String): List<ByteArray> {
        val request = HttpRequest.newBuilder(backend.resolve(path)).POST(HttpRequest.BodyPublishers.ofString(body)).build()
        val answer = http.send(request, HttpResponse.BodyHandlers.ofString())
        check(answer.statusCode() == 200) { "the backend refused: ${answer.body()}" }
        return CertificateFactory.getInstance("X.509")
            .generateCertificates(ByteArrayInputStream(answer.body().toByteArray()))
            .map { it.encoded }
    }
}

/** Octets in PEM. */
fun pem(label: String, der: ByteArray): String {
    val lines = java.util.Base64.getMimeEncoder(64, "\n".toByteArray()).encodeToString(der)
    return "-----BEGIN $label-----\n$lines\n-----END $label-----\n"
}
