package example

import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import javax.crypto.Cipher
import javax.crypto.spec.SecretKeySpec
import tegata.*

/**
 * An app that keeps a device's key and certificate, as a KeyManager app does: it makes a key in a key store, enrolls, stores the chain
 * with the key, renews when that is due, and opens TLS connections with it.
 *
 *     KeyManagerKt FOLDER     where the key store is; a second run finds it there
 */
fun main(args: Array<String>) {
    val folder = Path.of(args.firstOrNull() ?: "device").also { Files.createDirectories(it) }
    // The registry begins 300 days ago, so that a year's certificate is due for renewal today.
    val clock = FixedClock.at(Instant.now() - Duration.ofDays(300))
    Backend(clock).use { backend ->
        val vault = Vault(folder.resolve("device.p12"), "changeit".toCharArray())
        val identity = Identity(vault, backend.address)

        if (identity.certificate() == null) {
            identity.enroll(backend.productCredential, unit = "SN-0001")
            println("enrolled as ${identity.certificate()!!.subjectX500Principal}")
        }
        println("TLS as ${TlsCheck(vault, backend.root).connect()}")

        check(!identity.renewIfDue(clock.now())) { "it is too early to renew" }
        clock.set(Instant.now())
        val before = identity.certificate()!!.serialNumber
        check(identity.renewIfDue(clock.now())) { "it is time to renew" }
        check(identity.certificate()!!.serialNumber != before)
        println("renewed until ${identity.certificate()!!.notAfter.toInstant()}")
        println("TLS as ${TlsCheck(vault, backend.root).connect()}")

        // The old certificate counts for nothing any more: the renewal was confirmed.
        check(backend.standing(before) == Standing.SUPERSEDED)

        // What it measures is encrypted with an AES key, which comes wrapped under a secret that both have.
        val serial = identity.certificate()!!.serialNumber
        val shared = backend.share(serial)
        val dataKey = unwrapKey(backend.dataKey(serial), shared)
        val cipher = Cipher.getInstance("AES/GCM/NoPadding")
        cipher.init(Cipher.ENCRYPT_MODE, SecretKeySpec(dataKey.expose(), "AES"))
        println("encrypted with its AES key: ${cipher.doFinal("21.5".toByteArray()).size} octets")
        println("the key never left ${vault.path.fileName}")
    }
}
