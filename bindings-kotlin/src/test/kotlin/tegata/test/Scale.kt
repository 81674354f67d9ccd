package tegata.test

import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.nio.file.Files
import java.nio.file.Path
import java.security.cert.CertPathValidator
import java.security.cert.CertPathValidatorException
import java.security.cert.CertificateFactory
import java.security.cert.PKIXParameters
import java.security.cert.PKIXRevocationChecker
import java.security.cert.TrustAnchor
import java.security.cert.X509CRL
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import java.util.Date
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import tegata.*

/** So much time passes in some of these tests that the clock would be taken for wrong. */
private val waited = Retention(leapDays = 800u)

/** Other stores, copies and backups, revocation for many, and the log as evidence. */
class Scale {
    private fun <T> inFolder(work: (Path) -> T): T {
        val folder = Files.createTempDirectory("tegata")
        return try {
            work(folder)
        } finally {
            folder.toFile().deleteRecursively()
        }
    }

    private fun x509(der: ByteArray): X509Certificate =
        CertificateFactory.getInstance("X.509").generateCertificate(der.inputStream()) as X509Certificate

    fun `a store is chosen by its address`() = inFolder { folder ->
        val sealer = SoftwareSealer.generate()
        Registry.open("memory:", sealer).use { it.devices.register(NewDevice(name = "lamp")) }
        val url = "sqlite:$folder/registry.db"
        val id = Registry.open(url, sealer).use { it.devices.register(NewDevice(name = "lamp")).id }
        Registry.open("$url?create=false&readers=2", sealer).use { assertSame("lamp", it.devices.get(id).name) }
        openStore(url).use { store -> Registry.open(store, sealer).use { assertSame(1UL, it.devices.count()) } }
        for (wrong in listOf("registry.db", "redis://alice:hunter2@localhost", "memory:hunter2", "sqlite:$folder/x?hunter2=1")) {
            val refused = assertRefused("input.invalid") { Registry.open(wrong, sealer) }
            assertTrue("hunter2" !in refused.message!!) { refused.message!! }
        }
    }

    fun `a password for PostgreSQL is shown by nobody`() {
        val quick = PostgresOptions(password = Secret.of("hunter2"), wait = Duration.ZERO, connectTimeout = Duration.ofSeconds(1))
        assertTrue("hunter2" !in quick.toString()) { "$quick" }
        val refused = assertRefused("store.unavailable") { PostgresStore.connect("postgres://alice:hunter3@127.0.0.1:1/none", quick) }
        assertTrue("hunter" !in refused.message!!) { refused.message!! }
    }

    fun `a registry moves to PostgreSQL and back, where there is one`() {
        val server = System.getenv("TEGATA_POSTGRES_URL") ?: return println("  no PostgreSQL here")
        val place = "$server?schema=kotlin_${System.nanoTime()}"
        val sealer = SoftwareSealer.generate()
        World(sealer = sealer).use { world ->
            val device = world.enroll("SN-1").device
            val copied = world.registry.copyTo(place, call = world.admin)
            PostgresStore.connect(place, PostgresOptions(create = false, writers = 1u)).use { store ->
                Registry.open(store, sealer).use { there ->
                    assertSame(device, there.devices.get(device.id))
                    assertTrue(there.checkIntegrity().isSound)
                    MapStore().let { back ->
                        assertTrue(there.copyTo(back).rows >= copied.rows)
                        Registry.open(back, sealer).use { assertSame(device, it.devices.get(device.id)) }
                    }
                }
            }
        }
    }

    fun `a backup opens, says what it is, and knows what was lost`() = inFolder { folder ->
        val sealer = SoftwareSealer.generate()
        val (lamp, bell) = Registry.open("sqlite:$folder/live.db", sealer).use { live ->
            val lamp = live.devices.register(NewDevice(name = "lamp"))
            val backup = live.backup("$folder/backup.db", Call("admin"))
            assertSame(Files.size(folder.resolve("backup.db")).toULong(), backup.bytes)
            lamp to live.devices.register(NewDevice(name = "bell"))
        }
        Registry.open("sqlite:$folder/backup.db", sealer).use { restored ->
            assertSame(lamp, restored.devices.get(lamp.id))
            assertSame(listOf(SeenState.KNOWN, SeenState.LOST), restored.reportSeen(listOf(Seen.Device(lamp.id), Seen.Device(bell.id))))
            assertRefused("input.lost_id") { restored.devices.get(bell.id) }
            assertSame(1UL, restored.events.find(EventFilter(action = "registry.restored")).total)
            assertTrue(restored.checkIntegrity { _, _ -> true }.isSound)
            assertRefused("input.cancelled") { restored.checkIntegrity { _, _ -> false } }
        }
        // Not only SQLite: what else there is, is copied.
        World(MapStore(), sealer = sealer).use { world ->
            world.registry.backup("$folder/map.db", world.admin)
            Registry.open("sqlite:$folder/map.db", sealer).use { assertSame(world.root, it.authorities.get(world.root.id)) }
        }
    }

    fun `a copy tells how far it is, stops when told so, and goes on`() = world {
        registry.devices.registerMany((1..2_500).map { NewDevice(name = "lamp $it") })
        val target = MemoryStore()
        assertRefused("input.cancelled") { registry.copyTo(target, { _, _ -> false }) }
        assertSame("enough", assertThrows<IllegalStateException> { registry.copyTo(target, { _, _ -> error("enough") }) }.message)
        val seen = mutableListOf<Pair<ULong, ULong>>()
        val copied = registry.copyTo(target, { done, total -> seen.add(done to total) })
        assertTrue(seen.size > 2 && seen.all { (done, total) -> done <= total } && copied.rows > 5_000UL) { "$copied $seen" }
        runBlocking {
            val job = launch(Dispatchers.Default) {
                val self = coroutineContext[kotlinx.coroutines.Job]!!
                registry.async.copyTo("memory:", { _, _ -> self.cancel(); true })
                throw AssertionError("a cancelled call returned")
            }
            job.join()
            assertTrue(job.isCancelled)
        }
        assertRefused("store.other_registry") { World().use { it.registry.copyTo(target) } }
    }

    fun `what is over goes to an archive, and stays when that cannot be written`() = world {
        val lamp = registry.devices.register(NewDevice(name = "lamp"), Call("admin", "r1"))
        registry.devices.delete(lamp.id, admin)
        clock.advance(86_400L * 800)
        assertRefused("internal.clock_leapt") { registry.maintain(call = admin) }
        assertSame(mapOf("devices" to 1UL, "requests" to 1UL), registry.maintainable().removed)
        val broken = object : OutputStream() {
            override fun write(octet: Int) = throw IOException("the disk is gone")
        }
        assertSame("the disk is gone", assertThrows<IOException> { registry.maintain(waited, archive = broken, call = admin) }.message)
        val nosy = object : OutputStream() {
            override fun write(octet: Int) {
                registry.devices.count()
            }
        }
        assertRefused("input.called_back") { registry.maintain(waited, archive = nosy, call = admin) }
        assertSame(DeviceState.DELETED, registry.devices.get(lamp.id).state)
        val archive = ByteArrayOutputStream()
        val done = registry.maintain(waited, archive = archive, call = admin)
        assertSame(2UL, done.total)
        assertTrue(done.finished)
        val lines = archive.toString("UTF-8").lines().filter { it.isNotEmpty() }
        assertTrue(lines.size == 2 && lines.any { lamp.id in it }) { "$lines" }
        assertRefused("input.unknown_id") { registry.devices.get(lamp.id) }
    }

    fun `a file gets smaller when much of it is over`() = inFolder { folder ->
        World(openStore("sqlite:$folder/registry.db")).use { world ->
            val ids = world.registry.devices.registerMany((1..1_000).map { NewDevice(name = "lamp $it") }).map { it.getOrThrow().id }
            world.registry.devices.deleteMany(ids).forEach { it.getOrThrow() }
            world.clock.advance(86_400L * 800)
            assertTrue(world.registry.maintain(waited).freed > 0UL)
        }
    }

    fun `Java believes an OCSP answer, and one of a revoked certificate`() = world {
        val issued = enroll().issued
        val leaf = x509(issued.der)
        val root = x509(root.certificate)
        val path = CertificateFactory.getInstance("X.509").generateCertPath(listOf(leaf))
        fun validate(answer: ByteArray) {
            val validator = CertPathValidator.getInstance("PKIX")
            val checker = validator.revocationChecker as PKIXRevocationChecker
            checker.options = setOf(PKIXRevocationChecker.Option.NO_FALLBACK)
            checker.ocspResponses = mapOf(leaf to answer)
            val parameters = PKIXParameters(setOf(TrustAnchor(root, null)))
            parameters.date = Date.from(Instant.parse("2026-01-01T00:00:30Z"))
            parameters.addCertPathChecker(checker)
            validator.validate(path, parameters)
        }
        val request = makeOcspRequest(listOf(parseCertificate(issued.der)), parseCertificate(this.root.certificate), OcspHash.SHA1)
        val answer = registry.ocsp.respond(request)
        assertSame(OcspResponseStatus.SUCCESSFUL, answer.status)
        assertSame("application/ocsp-response", answer.headers.single { it.name == "Content-Type" }.value)
        validate(answer.der)
        val prepared = registry.ocsp.presignAll(this.root.id, pageSize = 1u).single { it.certificate == issued.certificate.id }
        validate(prepared.der)
        registry.certificates.revoke(issued.certificate.id, RevocationReason.KEY_COMPROMISE, admin)
        val revoked = registry.ocsp.respondGet(prepared.path)
        val refused = assertThrows<CertPathValidatorException> { validate(revoked.der) }
        assertSame(CertPathValidatorException.BasicReason.REVOKED, refused.reason)
    }

    fun `CRLs come in shards and as deltas, and Java finds the revoked one in its shard`() = world {
        val policy = CrlPolicy(
            shards = 4u, urls = listOf("http://crl.example.com/{shard}.crl"),
            deltaUrls = listOf("http://crl.example.com/{shard}-delta.crl"), deltaHours = 4u,
        )
        assertSame(policy, registry.authorities.setCrlPolicy(root.id, policy, admin).crlPolicy)
        val now = Instant.parse("2026-01-01T00:00:00Z")
        val made = registry.authorities.refreshCrls(now, admin).map { it.getOrThrow() }
        assertSame(listOf(1u, 2u, 3u, 4u), made.map { it.shard })
        val issued = enroll().issued
        val shard = registry.certificates.get(issued.certificate.id).shard!!
        registry.certificates.revoke(issued.certificate.id, RevocationReason.KEY_COMPROMISE, admin)
        fun read(crl: CrlRecord) = CertificateFactory.getInstance("X.509").generateCRL(crl.der.inputStream()) as X509CRL
        val delta = read(registry.authorities.crl(root.id, CrlOptions(shard = shard, delta = true), admin))
        assertTrue(delta.getRevokedCertificate(x509(issued.der)) != null)
        clock.advance(86_400L * 6)
        val due = registry.due(Due(now.plusSeconds(86_400L * 6), kinds = listOf(DueKind.CRL))).items.map { (it as DueItem.Crl).value }
        assertSame(4, due.count { !it.delta })
        registry.authorities.refreshCrls(now.plusSeconds(86_400L * 6), admin).forEach { it.getOrThrow() }
        val complete = read(registry.authorities.currentCrl(root.id, CrlOptions(shard = shard)))
        complete.verify(x509(root.certificate).publicKey)
        assertTrue(complete.getRevokedCertificate(x509(issued.der)) != null)
        assertSame(1UL, complete.revokedCertificates.size.toULong())
    }

    fun `the log is exported and verified far from the registry, and names what was changed`() = world {
        enroll("SN-1")
        val checkpoint = registry.events.checkpoint(Call("auditor"))
        val key = registry.events.publicKey()
        val file = ByteArrayOutputStream()
        assertSame(checkpoint.events, registry.events.exportLogTo(out = file))
        assertTrue(file.toByteArray().contentEquals(registry.events.exportLog().lines))
        assertSame(null, verifyExport(file.toByteArray().inputStream(), key).first)
        val forged = file.toString("UTF-8").replace("\"admin\"", "\"nobody\"").toByteArray()
        assertSame(Tampering.ALTERED, verifyExport(forged, key).first?.what)
        val slow = object : InputStream() {
            private val from = ByteArrayInputStream(file.toByteArray())
            override fun read() = from.read()
            override fun read(to: ByteArray, at: Int, most: Int) = from.read(to, at, minOf(most, 7))
        }
        assertSame(checkpoint.events, verifyExport(slow, key).events)
        val broken = object : InputStream() {
            override fun read(): Int = throw IOException("the line is cut")
        }
        assertSame("the line is cut", assertThrows<IOException> { verifyExport(broken, key) }.message)
        val idle = object : InputStream() {
            override fun read() = 0
            override fun read(to: ByteArray, at: Int, most: Int) = 0
        }
        assertThrows<IOException> { verifyExport(idle, key) }
        val plain = ByteArrayOutputStream()
        assertSame(2UL, registry.events.exportTo(EventFilter(subject = Entity.Authority(root.id)), plain) + 1UL)
        val kept = VerifyEvents(known = listOf(checkpoint.note), publicKey = key)
        assertSame(null, registry.events.verify(kept) { _, _ -> true }.first)
        assertSame(0UL, registry.events.prune(Instant.parse("2027-01-01T00:00:00Z"), ByteArrayOutputStream(), admin).events)
        val other = World().use { it.registry.events.run { checkpoint(it.admin); publicKey() } }
        assertRefused("event.note_invalid") { registry.events.verify(VerifyEvents(known = listOf(checkpoint.note.replace("a", "b")))) }
        assertTrue(verifyExport(file.toByteArray(), other).first != null)
    }
}
