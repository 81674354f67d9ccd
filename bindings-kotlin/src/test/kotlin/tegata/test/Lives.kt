package tegata.test

import java.nio.file.Files
import java.time.Instant
import tegata.*

/** What users do. */
class Lives {
    fun `a device enrolls, authenticates, renews, confirms and is revoked`() = world {
        val key = makeKey(KeyAlgorithm.ECDSA_P256)
        val enrolled = enroll("SN-1", key)
        assertSame(Enrollment.NEW, enrolled.enrollment)
        val challenge = "a new one every time".toByteArray()
        val signature = key.sign(Statement.CHALLENGE.message(challenge))
        val shown = Presented.signed(enrolled.issued.der, challenge, signature)
        val principal = registry.authenticate(shown) as Principal.Device
        assertSame(enrolled.device.id, principal.device)
        val next = registry.certificates.renew(Renew(enrolled.issued.certificate.id), admin)
        registry.certificates.confirm(next.certificate.id, admin)
        assertRefused("certificate.superseded") { registry.authenticate(shown) }
        registry.certificates.revoke(next.certificate.id, RevocationReason.KEY_COMPROMISE, admin)
        assertRefused("certificate.revoked") { registry.authenticate(Presented.overTls(next.der)) }
        val crl = Crl.fromBytes(registry.authorities.crl(root.id, call = admin).der)
        assertSame(2UL, crl.len())
        assertSame(RevocationReason.KEY_COMPROMISE, crl.get(next.certificate.serial)?.reason)
    }

    fun `each kind of refusal is a class of its own and carries its code`() = world {
        val thrown = assertThrows<NotFoundException> { registry.devices.get("aaaaaaaaaaaaaaaaaaaaaaaaaa") }
        assertSame("input.unknown_id", thrown.code)
        assertSame(ErrorCode.INPUT_UNKNOWN_ID, thrown.errorCode)
        assertSame(ErrorKind.NOT_FOUND, thrown.kind)
        assertTrue(thrown.message!!.startsWith("no device has this ID")) { thrown.message!! }
        assertThrows<InvalidInputException> { registry.devices.get("no identifier") }
    }

    fun `a bulk call answers item by item, reports, and stops when told so`() = world {
        val requests = (1..1200).map { NewDevice(name = "lamp $it") } + NewDevice(name = "lamp 1")
        val seen = mutableListOf<Pair<ULong, ULong>>()
        val outcomes = registry.devices.registerMany(requests, Bulk { done, total -> seen.add(done to total) }, admin)
        assertSame(1201, outcomes.size)
        assertSame("lamp 7", outcomes[6].getOrThrow().name)
        assertSame("device.name_taken", (outcomes[1200] as Outcome.Refused).error.code)
        assertRefused("device.name_taken") { outcomes[1200].getOrThrow() }
        assertSame(1201UL to 1201UL, seen.last())
        val stopped = registry.devices.registerMany((1..1200).map { NewDevice() }, Bulk { _, _ -> false }, admin)
        assertTrue(stopped.first() is Outcome.Done)
        assertSame("input.cancelled", (stopped.last() as Outcome.Refused).error.code)
    }

    fun `an exception in a progress report stops the call and is thrown by it`() = world {
        val requests = (1..1200).map { NewDevice() }
        val thrown = assertThrows<IllegalStateException> {
            registry.devices.registerMany(requests, Bulk { _, _ -> throw IllegalStateException("enough") }, admin)
        }
        assertSame("enough", thrown.message)
        assertTrue(registry.devices.count() in 1UL..1199UL)
    }

    fun `all or nothing leaves nothing behind`() = world {
        val outcomes = registry.devices.registerMany(
            listOf(NewDevice(name = "a"), NewDevice(name = "b\n")),
            Bulk(Atomicity.ALL),
            admin,
        )
        assertSame("input.batch_refused", (outcomes[0] as Outcome.Refused).error.code)
        assertSame(0UL, registry.devices.count())
    }

    fun `all pages of a list come one after the other`() = world {
        registry.devices.registerMany((1..25).map { NewDevice(name = "lamp $it") }, call = admin)
        assertSame(25, registry.devices.findAll(pageSize = 10u).toList().size)
        assertSame(3, registry.devices.findAll(pageSize = 2u).take(3).toList().size)
        val first = registry.devices.find(page = Page(limit = 10u))
        assertSame(25UL, first.total)
        assertSame(10, registry.devices.find(page = Page(limit = 10u, after = first.next)).items.size)
        assertTrue(registry.events.findAll(EventFilter(action = "device.register")).count() == 25)
    }

    fun `a request ID repeats the first answer`() = world {
        val first = registry.devices.register(NewDevice(name = "lamp"), Call("admin", "r1"))
        assertSame(first, registry.devices.register(NewDevice(name = "lamp"), Call("admin", "r1")))
        assertRefused("input.request_id_reused") { registry.devices.register(NewDevice(name = "x"), Call("admin", "r1")) }
    }

    fun `what is in a SQLite file is there again after it was closed`() {
        val folder = Files.createTempDirectory("tegata")
        val path = folder.resolve("registry.db").toString()
        val key = folder.resolve("sealing.key").toString()
        val id = SqliteStore.open(path, SqliteOptions()).use { store ->
            Registry.open(store, SoftwareSealer.createFile(key)).use { it.devices.register(NewDevice(name = "lamp")).id }
        }
        Registry.open(SqliteStore.open(path, SqliteOptions(create = false)), SoftwareSealer.fromFile(key)).use {
            assertSame("lamp", it.devices.get(id).name)
        }
        assertRefused("seal.wrong_key") { Registry.open(SqliteStore.open(path, SqliteOptions()), SoftwareSealer.generate()) }
        folder.toFile().deleteRecursively()
    }

    fun `intervals of a group are set, kept and removed`() = world {
        val group = registry.groups.create("roof", GroupChange(certificateDays = Interval.Days(90u)), admin)
        assertSame(90u, group.certificateDays)
        val renamed = registry.groups.update(group.id, GroupChange(name = "cellar"), admin)
        assertSame(90u, renamed.certificateDays)
        assertSame(null, registry.groups.update(group.id, GroupChange(certificateDays = Interval.Remove), admin).certificateDays)
    }

    fun `a certificate is exported as PKCS#12 that Java opens`() = world {
        val spec = ProfileSpec.device().copy(serverKeys = listOf(KeyAlgorithm.ECDSA_P256))
        val profile = registry.profiles.put("server keys", spec, admin)
        val made = registry.certificates.issueWithKey(IssueWithKey(profile.id, root.id), admin)
        val format = ExportFormat.Pkcs12(made.key!!, Secret.of("changeit"))
        val file = registry.certificates.export(made.issued.certificate.id, format).single()
        assertTrue(file.secret)
        val store = java.security.KeyStore.getInstance("PKCS12")
        store.load(file.content.expose().inputStream(), "changeit".toCharArray())
        val alias = store.aliases().toList().single { store.isKeyEntry(it) }
        assertTrue(made.issued.der.contentEquals(store.getCertificate(alias).encoded))
    }

    fun `a chain is verified and an installation is checked`() = world {
        val enrolled = enroll()
        val leaf = parseCertificate(enrolled.issued.der)
        val roots = registry.trustBundle().roots.map { parseCertificate(it) }
        val now = Instant.parse("2026-01-02T00:00:00Z")
        val chain = verifyChain(leaf, listOf(), roots, listOf(), Purpose.ClientAuth, now)
        assertSame(roots.single(), chain.root())
        assertRefused("certificate.chain_purpose") { verifyChain(leaf, listOf(), roots, listOf(), Purpose.ServerAuth, now) }
        val findings = checkInstallation(InstallationCheck(leaf, roots = roots, addresses = listOf("192.0.2.1"), now = now))
        assertTrue(findings.any { it.code == "san_missing" && it.severity == Severity.ERROR })
    }
}
