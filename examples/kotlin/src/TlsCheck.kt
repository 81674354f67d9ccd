package example

import java.net.InetAddress
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLServerSocket
import javax.net.ssl.SSLSocket
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509TrustManager
import kotlin.concurrent.thread

/** Opens a TLS connection with the key of a vault to a server on the loopback that lets in only who has a certificate of `root`. */
class TlsCheck(private val vault: Vault, root: ByteArray) {
    private val trusted = KeyStore.getInstance("PKCS12").apply {
        load(null, null)
        setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(root.inputStream()))
    }

    /** The name that the server saw. */
    fun connect(): String {
        val context = context()
        val listening = context.serverSocketFactory.createServerSocket(0, 1, InetAddress.getLoopbackAddress()) as SSLServerSocket
        listening.use {
            listening.needClientAuth = true
            var seen = ""
            val server = thread {
                (listening.accept() as SSLSocket).use { socket ->
                    socket.startHandshake()
                    seen = (socket.session.peerCertificates.first() as X509Certificate).subjectX500Principal.name
                    socket.outputStream.write(1)
                }
            }
            (context.socketFactory.createSocket(listening.inetAddress, listening.localPort) as SSLSocket).use { socket ->
                check(socket.inputStream.read() == 1) { "the server refused the certificate" }
            }
            server.join()
            return seen
        }
    }

    private fun context(): SSLContext {
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm()).apply { init(vault.keyStore, vault.password()) }
        val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(trusted) }
        // The example's server uses the same key, whose certificate is for clients: only the server's side is checked here.
        val lenient = object : X509TrustManager {
            private val checks = trust.trustManagers.filterIsInstance<X509TrustManager>().single()
            override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = checks.checkClientTrusted(chain, type)
            override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit
            override fun getAcceptedIssuers(): Array<X509Certificate> = checks.acceptedIssuers
        }
        return SSLContext.getInstance("TLS").apply { init(keys.keyManagers, arrayOf(lenient), null) }
    }
}
