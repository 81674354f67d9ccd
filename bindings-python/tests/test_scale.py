"""Stores by address, copies, backups, housekeeping, CRLs, OCSP and the log as evidence, as Python code uses them."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

import tegata
from tegata import (
    CrlOptions,
    CrlPolicy,
    FixedClock,
    Issue,
    NewAuthority,
    NewDevice,
    Options,
    Registry,
    Retention,
    Seen,
    SoftwareSealer,
    VerifyEvents,
)

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def opened(store: tegata.AnyStore, sealer: SoftwareSealer, now: datetime = NOW) -> Registry:
    return Registry.open(store, sealer, Options(clock=FixedClock.at(now)))


def test_a_store_is_named_by_its_address(tmp_path: Path) -> None:
    sealer = SoftwareSealer.generate()
    address = f"sqlite:{tmp_path / 'registry.db'}"
    with opened(address, sealer) as registry:
        device = registry.devices.register(NewDevice(name="lamp"))
    with opened(tegata.open_store(address + "?create=false"), sealer) as registry:
        assert registry.devices.get(device.id).name == "lamp"
        counted: list[tuple[int, int]] = []
        copied = registry.copy_to(f"sqlite:{tmp_path / 'copy.db'}", progress=lambda done, total: counted.append((done, total)))
        assert copied.rows == copied.written > 0 and counted
        with pytest.raises(tegata.RefusedError) as cancelled:
            registry.copy_to("memory:", progress=lambda done, total: False)
        assert cancelled.value.code == "input.cancelled"
    with opened(f"sqlite:{tmp_path / 'copy.db'}", sealer) as registry:
        assert registry.devices.get(device.id).name == "lamp"
    for wrong in ("redis://secret", "registry.db", "memory:x"):
        with pytest.raises(tegata.InvalidInputError) as refused:
            opened(wrong, sealer)
        assert "secret" not in str(refused.value)


def test_a_backup_is_noticed_when_it_is_opened(tmp_path: Path) -> None:
    sealer = SoftwareSealer.generate()
    with opened(f"sqlite:{tmp_path / 'live.db'}", sealer) as registry:
        backup = registry.backup(tmp_path / "backup.db", actor="admin")
        assert backup.bytes == (tmp_path / "backup.db").stat().st_size and backup.at == NOW
        later = registry.devices.register(NewDevice(name="bell"))
    with opened(f"sqlite:{tmp_path / 'backup.db'}", sealer) as registry:
        assert registry.report_seen([Seen.device(later.id)]) == ["lost"]
        found = registry.check_integrity()
        assert found.is_sound and found.rows > 0 and found.findings == []


class Broken(io.BytesIO):
    def write(self, data: object, /) -> int:
        raise OSError("the tape is full")


def test_the_archive_takes_what_goes_and_its_trouble_is_raised() -> None:
    clock = FixedClock.at(NOW)
    registry = Registry.open("memory:", SoftwareSealer.generate(), Options(clock=clock))
    registry.devices.register(NewDevice(name="lamp"), request_id="once")
    clock.advance(40 * 86_400)
    assert registry.maintainable().removed == {"requests": 1}
    with pytest.raises(OSError, match="the tape is full"):
        registry.maintain(Retention(), Broken())
    archive = io.BytesIO()
    done = registry.maintain(Retention(request_days=7), archive, actor="keeper")
    assert (done.total, done.finished) == (1, True)
    assert json.loads(archive.getvalue())["record"] == "requests"


def world() -> tuple[Registry, tegata.Authority, tegata.Issued]:
    registry = Registry.open("memory:", SoftwareSealer.generate())
    root = registry.authorities.create_root(NewAuthority("root", "CN=Root,O=Example"))
    registry.authorities.set_crl_policy(
        root.id, CrlPolicy(shards=2, urls=["http://crl.example.com/{authority}/{shard}.crl"], delta_hours=24)
    )
    profile = registry.profiles.put("device", tegata.ProfileSpec.device())
    csr = tegata.make_csr(tegata.make_key("ecdsa-p256"), "CN=x")
    return registry, root, registry.certificates.issue(Issue(csr, profile.id, root.id))


def test_cryptography_reads_shards_and_deltas() -> None:
    registry, root, issued = world()
    certificate = x509.load_der_x509_certificate(issued.der)
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    names = points[0].full_name
    assert names is not None
    shard = int(names[0].value.rsplit("/", 1)[1].removesuffix(".crl"))
    due = tegata.Due(datetime.now(timezone.utc), kinds=["crl"])
    assert {item.type for item in registry.iterate_due(due)} == {"crl"}
    made = registry.authorities.refresh_crls(datetime.now(timezone.utc))
    assert not any(isinstance(state, tegata.Error) for state in made)
    registry.certificates.revoke(issued.certificate.id, "keyCompromise")
    options = CrlOptions(shard=shard)
    delta = registry.authorities.crl(root.id, CrlOptions(shard=shard, delta=True))
    read = x509.load_der_x509_crl(delta.der)
    assert read.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    assert read.extensions.get_extension_for_class(x509.DeltaCRLIndicator).critical
    full = x509.load_der_x509_crl(registry.authorities.crl(root.id, options).der)
    assert full.extensions.get_extension_for_class(x509.IssuingDistributionPoint).critical
    assert registry.authorities.current_crl(root.id, options).entries == 1


def test_cryptography_asks_and_is_answered_by_ocsp() -> None:
    registry, root, issued = world()
    certificate = x509.load_der_x509_certificate(issued.der)
    issuer = x509.load_der_x509_certificate(root.certificate)
    own, above = tegata.parse_certificate(issued.der), tegata.parse_certificate(root.certificate)
    request = tegata.make_ocsp_request([own], above, nonce=b"0123456789abcdef")
    assert ocsp.load_der_ocsp_request(request).serial_number == certificate.serial_number
    answer = registry.ocsp.respond(request)
    headers = dict(answer.headers)
    assert headers["Content-Type"] == "application/ocsp-response" and headers["Cache-Control"] == "no-store"
    read = ocsp.load_der_ocsp_response(answer.der)
    assert read.certificate_status == ocsp.OCSPCertStatus.GOOD and read.certificates[0].issuer == issuer.subject
    now = datetime.now(timezone.utc)
    assert tegata.check_ocsp(answer.der, own, above, b"0123456789abcdef", at=now).status.type == "good"
    with pytest.raises(tegata.Error) as other:
        tegata.check_ocsp(answer.der, own, above, b"another nonce..", at=now)
    assert other.value.code == "certificate.ocsp_nonce"
    registry.certificates.revoke(issued.certificate.id, "superseded")
    status = tegata.check_ocsp(registry.ocsp.respond(request).der, own, above, at=now).status
    assert (status.type, status.reason) == ("revoked", "superseded")
    assert [one.certificate for one in registry.ocsp.iterate_presigned(root.id)] == [issued.certificate.id]


def test_an_exported_log_is_verified_without_the_registry(tmp_path: Path) -> None:
    registry = Registry.open("memory:", SoftwareSealer.generate())
    for number in range(20):
        registry.devices.register(NewDevice(name=f"device {number}"))
    checkpoint = registry.events.checkpoint(actor="auditor")
    assert checkpoint.events >= 20 and [one.number for one in registry.events.iterate_checkpoints()] == [checkpoint.number]
    told: list[tuple[int, int]] = []
    verified = registry.events.verify(VerifyEvents(known=[checkpoint.note]), progress=lambda *at: told.append(at))
    assert verified.first is None and told
    key = registry.events.public_key()
    path = tmp_path / "log.jsonl"
    with path.open("wb") as out:
        assert registry.events.export_log(out) == checkpoint.events
    with path.open("rb") as log:
        assert tegata.verify_export(log, key).first is None
    found = tegata.verify_export(path.read_bytes().replace(b"device 7", b"device 8"), key)
    assert found.first is None or found.first.line is not None
    altered = path.read_bytes().replace(b"device.register", b"device.registry", 1)
    problem = tegata.verify_export(altered, key).first
    assert problem is not None and problem.line is not None
    event = next(iter(registry.events.iterate()))
    proof = registry.events.prove(event.id)
    tegata.verify_event(proof.event, proof.proof, key)
    with pytest.raises(tegata.Error):
        tegata.verify_event(proof.event.replace("register", "registry"), proof.proof, key)
    assert registry.events.prune(datetime.now(timezone.utc) - timedelta(days=1)).events == 0
