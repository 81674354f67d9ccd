"""`python -m tegata`: stores by address, backups, housekeeping, the log as evidence, OCSP."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from test_cli import asked, enrolled, mode, tegata


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asked(tmp_path, "init", "--subject", "CN=Example Root")
    asked(tmp_path, "product", "Camera", "--out", "camera")
    return tmp_path


def test_a_backup_opens_by_its_address_and_a_wrong_address_makes_nothing(folder: Path) -> None:
    enrolled(folder, "lamp")
    made = asked(folder, "backup", "backup.db")
    assert made["bytes"] == (folder / "backup.db").stat().st_size
    assert tegata(folder, "backup", "backup.db", code=1).stderr.startswith("error: ")
    enrolled(folder, "later")
    here = {"TEGATA_STORE": "sqlite:backup.db"}
    assert [one["name"] for one in asked(folder, "list", "devices", **here)] == ["lamp"]
    assert asked(folder, "check", "--store", "sqlite:backup.db")["sound"] is True
    tegata(folder, "list", "devices", "--store", "sqlite:elsewhere.db", code=1)
    assert not (folder / "elsewhere.db").exists()


def test_a_registry_in_a_store_with_an_address(tmp_path: Path) -> None:
    refused = tegata(tmp_path, "init", "--subject", "CN=Root", "--store", "nonsense", code=1)
    assert "[input.invalid]" in refused.stderr and not (tmp_path / "registry" / "sealing.key").exists()
    places = ["sqlite:there.db"]
    if "TEGATA_POSTGRES_URL" in os.environ:
        url = os.environ["TEGATA_POSTGRES_URL"]
        places.append(url + ("&" if "?" in url else "?") + f"schema=cli{os.getpid()}")
    for number, place in enumerate(places):
        on = ("-r", f"r{number}", "--store", place)
        asked(tmp_path, "init", "--subject", "CN=Root", *on)
        asked(tmp_path, "product", "Camera", "--out", f"camera{number}", *on)
        assert asked(tmp_path, "list", "products", *on)[0]["name"] == "Camera"
        assert not (tmp_path / f"r{number}" / "registry.db").exists()


def test_what_goes_is_archived_first(folder: Path) -> None:
    from tegata import FixedClock, NewDevice, Options, Registry, SoftwareSealer

    sealer = SoftwareSealer.from_file(folder / "registry/sealing.key")
    clock = FixedClock.at(datetime(2020, 1, 1, tzinfo=timezone.utc))
    place = "sqlite:" + str(folder / "old.db")
    with Registry.open(place, sealer, Options(clock=clock)) as registry:
        registry.devices.delete(registry.devices.register(NewDevice(name="gone")).id)
    on = ("--store", "sqlite:old.db")
    assert asked(folder, "maintain", "--dry-run", *on)["removed"] >= 1
    assert asked(folder, "maintain", "--device-days", "36500", "--dry-run", *on).get("devices") is None
    # The clock went on for years since anything happened there.
    assert "internal.clock_leapt" in tegata(folder, "maintain", "--archive", "archive.jsonl", *on, code=1).stderr
    done = asked(folder, "maintain", "--leap-days", "36500", "--archive", "archive.jsonl", *on)
    assert done["removed"] >= 1 and done["devices"] == 1
    lines = [json.loads(line) for line in (folder / "archive.jsonl").read_text().splitlines()]
    assert len(lines) == done["removed"] and mode(folder / "archive.jsonl") == 0o600
    assert asked(folder, "maintain", "--archive", "archive.jsonl", *on)["removed"] == 0
    tegata(folder, "maintain", "--device-days", "-1", code=2)


class Buffered(io.BytesIO):
    """Keeps what is written to itself until it is flushed, as files do."""

    def __init__(self, trouble: bool = False) -> None:
        super().__init__()
        self.arrived = b""
        self.trouble = trouble

    def flush(self) -> None:
        if self.trouble:
            raise OSError("no space left")
        self.arrived = self.getvalue()


def test_nothing_is_removed_before_the_archive_has_it() -> None:
    from tegata import FixedClock, MemoryStore, NewDevice, Options, Registry, Retention, SoftwareSealer

    clock = FixedClock.at(datetime(2020, 1, 1, tzinfo=timezone.utc))
    with Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(clock=clock)) as registry:
        device = registry.devices.register(NewDevice(name="gone")).id
        registry.devices.delete(device)
        clock.set(datetime(2026, 1, 1, tzinfo=timezone.utc))
        with pytest.raises(OSError, match="no space left"):
            registry.maintain(Retention(leap_days=3000), Buffered(trouble=True))
        assert registry.devices.get(device).state == "deleted"
        archive = Buffered()
        done = registry.maintain(Retention(leap_days=3000), archive)
        assert done.removed["devices"] == 1 and b'"name":"gone ' in archive.arrived
        assert archive.arrived == archive.getvalue()


def test_the_log_is_evidence(folder: Path) -> None:
    assert "event.no_checkpoint" in tegata(folder, "events", "export", "--out", "log.jsonl", code=1).stderr
    made = asked(folder, "events", "checkpoint", "--out", "note.txt", "--actor", "auditor")
    assert made["events"] >= 4 and made["number"] == 1
    kept = ("--known", "note.txt", "--public-key", made["public_key"])
    assert asked(folder, "events", "verify", *kept)["problem"] is None

    assert asked(folder, "events", "export", "--out", "log.jsonl")["events"] == made["events"]
    key = ("--public-key", made["public_key"])
    assert asked(folder, "events", "verify", "log.jsonl", *key)["checkpoints"] == 1
    log = (folder / "log.jsonl").read_text()
    assert '"cli"' in log
    (folder / "log.jsonl").write_text(log.replace('"cli"', '"elf"', 1))
    found = tegata(folder, "events", "verify", "log.jsonl", *key, "--json", code=1)
    assert json.loads(found.stdout)["problem"].startswith("altered") and "line" in found.stderr
    tegata(folder, "events", "verify", "log.jsonl", code=2)

    # Another registry's note is none of this log's.
    asked(folder, "init", "--subject", "CN=Other", "-r", "other")
    asked(folder, "events", "checkpoint", "--out", "other.txt", "-r", "other")
    tegata(folder, "events", "verify", "--known", "other.txt", code=1)


def test_ocsp_from_file_to_file(folder: Path) -> None:
    device = enrolled(folder, "lamp")
    certificate = x509.load_pem_x509_certificate((folder / "lamp/certificate.pem").read_bytes())
    root = x509.load_pem_x509_certificate((folder / "registry/root.pem").read_bytes())
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, root, hashes.SHA256()).build()
    (folder / "request.der").write_bytes(request.public_bytes(Encoding.DER))

    def answered() -> ocsp.OCSPCertStatus:
        made = asked(folder, "ocsp", "request.der", "--out", "answer.der")
        assert made["status"] == "successful" and "max-age" in made["cache_control"]
        return ocsp.load_der_ocsp_response((folder / "answer.der").read_bytes()).certificate_status

    assert answered() == ocsp.OCSPCertStatus.GOOD
    asked(folder, "revoke", device["certificate"], "--reason", "keyCompromise")
    assert answered() == ocsp.OCSPCertStatus.REVOKED
    (folder / "request.der").write_bytes(b"nonsense")
    assert asked(folder, "ocsp", "request.der", "--out", "answer.der")["status"] == "malformedRequest"
