"""`python -m tegata`, as scripts call it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
from tegata import PrivateKey, parse_certificate


def tegata(folder: Path, *arguments: object, code: int = 0, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tegata", *map(str, arguments)]
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == code, done.stderr
    return done


def asked(folder: Path, *arguments: object, **environment: str) -> Any:
    return json.loads(tegata(folder, *arguments, "--json", code=0, **environment).stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asked(tmp_path, "init", "--subject", "CN=Example Root,O=Example")
    asked(tmp_path, "product", "Camera", "--out", "camera")
    return tmp_path


def enrolled(folder: Path, name: str, *more: object) -> Dict[str, Any]:
    record = asked(folder, "enrol", "--credential", "camera/certificate.pem", "--name", name, "--out", name, *more)
    assert isinstance(record, dict)
    return record


def openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_device_from_init_to_crl(folder: Path) -> None:
    device = enrolled(folder, "lamp", "--unit", "SN-1", "--actor", "line 1")
    certificate = parse_certificate((folder / "lamp/certificate.pem").read_bytes())
    key = PrivateKey.from_bytes((folder / "lamp/key.pem").read_bytes())
    assert certificate.public_key == key.public_key
    assert mode(folder / "lamp/key.pem") == mode(folder / "camera/key.pem") == 0o600
    assert (folder / "lamp/fullchain.pem").read_text().count("BEGIN CERTIFICATE") >= 1

    renewed = asked(folder, "renew", device["certificate"], "--out", "lamp", "--confirm")
    assert parse_certificate((folder / "lamp/certificate.pem").read_bytes()).serial_hex == renewed["serial"]

    revoked = asked(folder, "revoke", renewed["certificate"], "--reason", "keyCompromise")
    assert revoked[0]["state"] == "revoked"
    crl = asked(folder, "crl", "--out", "root.crl.pem")
    assert crl["entries"] >= 1 and "X509 CRL" in (folder / "root.crl.pem").read_text()

    assert [one["name"] for one in asked(folder, "list", "devices")] == ["lamp"]
    assert asked(folder, "list", "products")[0]["enrolled"] == 1
    assert asked(folder, "list", "authorities")[0]["subject"] == "CN=Example Root,O=Example"
    assert len(asked(folder, "list", "certificates", "--state", "revoked")) >= 1
    assert "lamp" in tegata(folder, "list", "devices").stdout


def test_a_csr_from_the_device_leaves_no_key_here(folder: Path) -> None:
    from tegata import csr_pem, make_csr, make_key

    (folder / "unit.csr").write_text(csr_pem(make_csr(make_key("ed25519"))))
    enrolled(folder, "lamp", "--csr", "unit.csr")
    assert not (folder / "lamp/key.pem").exists()


def test_enrolling_again_with_the_same_request_id_gives_the_same_device(folder: Path) -> None:
    first = enrolled(folder, "lamp", "--request-id", "r1")
    key = (folder / "lamp/key.pem").read_bytes()
    again = enrolled(folder, "lamp", "--request-id", "r1")
    assert (first.pop("enrollment"), again.pop("enrollment")) == ("new", "known")
    assert again == first
    assert (folder / "lamp/key.pem").read_bytes() == key


def test_refusals_have_a_code_and_an_exit_code(folder: Path) -> None:
    enrolled(folder, "lamp")
    arguments = ("enrol", "--credential", "camera/certificate.pem", "--name", "lamp", "--out", "other")
    assert "[device.name_taken]" in tegata(folder, *arguments, code=1).stderr
    told = json.loads(tegata(folder, *arguments, "--json", code=1).stderr)
    assert told["error"]["code"] == "device.name_taken"
    assert "input.invalid" in tegata(folder, "renew", "nonsense", "--out", "x", code=1).stderr
    tegata(folder, "revoke", "--reason", "nonsense", code=2)
    tegata(folder, code=2)
    tegata(folder, "list", "devices", "-r", "elsewhere", code=3)


def test_nothing_is_replaced(folder: Path) -> None:
    before = (folder / "registry/sealing.key").read_bytes()
    tegata(folder, "init", "--subject", "CN=Other", code=3)
    assert (folder / "registry/sealing.key").read_bytes() == before
    tegata(folder, "product", "Camera 2", "--out", "camera", code=3)
    assert len(asked(folder, "list", "products")) == 1
    assert mode(folder / "registry/sealing.key") == 0o600


def test_listed_units_only(folder: Path) -> None:
    (folder / "units.txt").write_text("SN-1\nSN-2\n")
    asked(folder, "product", "Lock", "--out", "lock", "--units", "units.txt", "--quota", "5")
    arguments = ("enrol", "--credential", "lock/certificate.pem", "--out")
    tegata(folder, *arguments, "lock-1", "--unit", "SN-1")
    assert "product.unit_not_listed" in tegata(folder, *arguments, "lock-9", "--unit", "SN-9", code=1).stderr


@pytest.mark.parametrize("form", ["pem", "fullchain", "der", "pkcs7", "files"])
def test_export(folder: Path, form: str) -> None:
    device = enrolled(folder, "lamp")
    files = asked(folder, "export", device["certificate"], "--form", form, "--out", "exported")
    assert files and all((folder / one["file"]).stat().st_size for one in files)


def test_export_as_pkcs12(folder: Path) -> None:
    from cryptography.hazmat.primitives.serialization import pkcs12

    device = enrolled(folder, "lamp")
    arguments = ("export", device["certificate"], "--form", "pkcs12", "--out", "exported")
    tegata(folder, *arguments, code=2)
    (file,) = asked(folder, *arguments, "--key", "lamp/key.pem", TEGATA_PASSWORD="let me in")
    path = folder / file["file"]
    assert mode(path) == 0o600
    key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), b"let me in")
    assert key is not None and certificate is not None
    tegata(folder, *arguments, "--key", "lamp/key.pem", code=3, TEGATA_PASSWORD="again")


def test_the_command_is_installed_too(tmp_path: Path) -> None:
    installed = Path(sys.executable).with_name("tegata")
    done = subprocess.run([installed, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "enrol" in done.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_openssl_agrees(folder: Path) -> None:
    device = enrolled(folder, "lamp", "--algorithm", "ecdsa-p384")
    openssl(folder, "verify", "-CAfile", "registry/root.pem", "-untrusted", "lamp/fullchain.pem", "lamp/certificate.pem")
    openssl(folder, "verify", "-CAfile", "registry/root.pem", "camera/certificate.pem")
    for name in ("lamp", "camera"):
        shown = openssl(folder, "x509", "-in", f"{name}/certificate.pem", "-noout", "-pubkey")
        assert openssl(folder, "pkey", "-in", f"{name}/key.pem", "-pubout") == shown
    assert "verify OK" in openssl(folder, "req", "-in", "lamp/request.pem", "-noout", "-verify")

    arguments = ("export", device["certificate"], "--key", "lamp/key.pem", "--out")
    for target in ("modern", "legacy"):
        (file,) = asked(folder, *arguments, target, "--form", "pkcs12", "--target", target, TEGATA_PASSWORD="pass word")
        provider = ["-legacy"] if target == "legacy" and openssl(folder, "version").startswith("OpenSSL 3") else []
        shown = openssl(folder, "pkcs12", "-in", file["file"], "-passin", "pass:pass word", "-nodes", *provider)
        assert "PRIVATE KEY" in shown and "BEGIN CERTIFICATE" in shown
    (file,) = asked(folder, "export", device["certificate"], "--form", "pkcs7", "--out", "p7")
    form = "DER" if (folder / file["file"]).read_bytes()[:1] == b"0" else "PEM"
    assert "BEGIN CERTIFICATE" in openssl(folder, "pkcs7", "-inform", form, "-in", file["file"], "-print_certs")

    asked(folder, "revoke", device["certificate"])
    asked(folder, "crl", "--out", "root.crl.pem")
    assert "verify OK" in openssl(folder, "crl", "-in", "root.crl.pem", "-CAfile", "registry/root.pem", "-noout")
    check = ["openssl", "verify", "-crl_check", "-CRLfile", "root.crl.pem", "-CAfile", "registry/root.pem", "lamp/certificate.pem"]
    refused = subprocess.run(check, cwd=folder, capture_output=True, text=True)
    assert refused.returncode != 0 and "revoked" in refused.stderr


def test_the_script_that_is_installed_is_the_same_program(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("tegata")
    done = subprocess.run([str(script), "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "usage: tegata" in done.stdout
    assert "usage: python -m tegata" in tegata(tmp_path, "--help").stdout
    for command in ("init", "product", "enrol", "renew", "revoke", "list", "crl", "export"):
        assert command in done.stdout and tegata(tmp_path, command, "--help").stdout
    assert tegata(tmp_path, "crl", "--out", "x", code=3).stderr.startswith("error: ")


def test_a_device_gets_a_password_and_then_another_one(folder: Path) -> None:
    device = enrolled(folder, "lamp")["device"]
    first = asked(folder, "passwd", "lamp")
    assert first["device"] == device and first["version"] == 1 and len(first["password"]) == 24
    second = asked(folder, "passwd", device, "--length", "30", "--grace", "1", "--out", "secret.txt")
    assert second["psk"] == first["psk"] and second["version"] == 2 and "password" not in second
    assert mode(folder / "secret.txt") == 0o600 and len((folder / "secret.txt").read_text().strip()) == 30
    # Nothing is rotated whose new value could not be written.
    assert "there already" in tegata(folder, "passwd", "lamp", "--out", "secret.txt", code=3).stderr
    assert asked(folder, "passwd", "lamp")["version"] == 3
    tegata(folder, "passwd", "nobody", code=1)
    again = asked(folder, "passwd", "lamp", "--request-id", "r1")
    assert again["version"] == 4
    assert "without --request-id" in tegata(folder, "passwd", "lamp", "--request-id", "r1", code=2).stderr


def test_symmetric_keys_are_issued_rotated_read_and_listed(folder: Path) -> None:
    device = enrolled(folder, "lamp")["device"]
    key = asked(folder, "key", "issue", "--device", "lamp", "--algorithm", "twine-80", "--days", "30")
    assert key["device"] == device and (key["number"], key["version"], key["state"]) == (1, 1, "active")
    value = asked(folder, "key", "get", key["key"])["value"]
    assert len(bytes.fromhex(value)) == 10
    assert asked(folder, "key", "rotate", key["key"], "--grace", "7")["version"] == 2
    asked(folder, "key", "get", key["key"], "--version", "1", "--out", "old.bin")
    assert (folder / "old.bin").read_bytes().hex() == value and mode(folder / "old.bin") == 0o600
    assert [one["version"] for one in asked(folder, "key", "list", "--device", "lamp")] == [2]
    assert asked(folder, "key", "list", "--state", "suspended") == []
    assert "twine-80" in tegata(folder, "key", "list").stdout
    tegata(folder, "key", "issue", code=2)


def test_a_list_for_a_broker_is_written_anew_each_time(folder: Path) -> None:
    from tegata import NewPsk, Registry, SoftwareSealer, SqliteStore

    device = enrolled(folder, "lamp")["device"]
    asked(folder, "psk-export", "--format", "mosquitto", "--out", "psk_file")
    assert (folder / "psk_file").read_text() == ""
    sealer = SoftwareSealer.from_file(folder / "registry/sealing.key")
    with Registry.open(SqliteStore.open(folder / "registry/registry.db"), sealer) as registry:
        issued = registry.psks.issue(NewPsk.tls(device))
        assert issued.hex
    asked(folder, "psk-export", "--format", "mosquitto", "--out", "psk_file")
    assert (folder / "psk_file").read_text() == f"{issued.psk.identity}:{issued.hex.expose()}\n"
    assert mode(folder / "psk_file") == 0o600


def test_a_campaign_runs_from_the_command_line(folder: Path) -> None:
    enrolled(folder, "lamp")
    seen = asked(folder, "campaign", "start", "P-256", "--algorithm", "ecdsa-p256", "--preview")
    assert (seen["certificates"], seen["product_credentials"]) == (1, 1)
    made = asked(folder, "campaign", "start", "P-256", "--algorithm", "ecdsa-p256", "--wave", "10", "--reason", "a test")
    assert (made["state"], made["selected"], made["released"]) == ("running", 1, 0)
    assert asked(folder, "campaign", "advance")[0]["released"] == 1
    (waiting,) = asked(folder, "campaign", "stragglers", made["campaign"])
    assert waiting["kind"] == "certificate"
    assert asked(folder, "campaign", "pause", made["campaign"])["state"] == "paused"
    assert asked(folder, "campaign", "resume", made["campaign"])["state"] == "running"
    assert asked(folder, "campaign", "cancel", made["campaign"])["state"] == "cancelled"
    assert asked(folder, "campaign", "list")[0]["waiting"] is not None
