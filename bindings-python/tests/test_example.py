"""examples/python: the script that a user would copy."""

from __future__ import annotations

import csv
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
import tegata

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "python"


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "error"})
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def report(folder: Path) -> List[Dict[str, str]]:
    with (folder / "batch" / "report.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run(tmp_path, "-m", "tegata", "init", "--subject", "CN=Root")
    run(tmp_path, "-m", "tegata", "product", "Camera", "--out", "camera", "--quota", "3")
    shutil.copy(EXAMPLE / "units.csv", tmp_path)
    return tmp_path


def provision(folder: Path, *more: str, code: int = 0) -> str:
    script = str(EXAMPLE / "provision.py")
    return run(folder, script, "units.csv", "--credential", "camera/certificate.pem", "--out", "batch", *more, code=code)


def test_a_batch_is_provisioned_and_running_again_changes_nothing(folder: Path) -> None:
    assert "3 of 3 units" in provision(folder)
    lines = report(folder)
    assert [line["result"] for line in lines] == ["new", "new", "new"]
    for line in lines:
        unit = folder / "batch" / line["folder"]
        key = tegata.PrivateKey.from_bytes((unit / "key.pem").read_bytes())
        certificate = tegata.parse_certificate((unit / "certificate.pem").read_bytes())
        assert certificate.public_key == key.public_key and certificate.serial_hex == line["serial"]
        assert stat.S_IMODE((unit / "key.pem").stat().st_mode) == 0o600
    # As if it had been stopped before the second unit was finished.
    (folder / "batch" / lines[1]["folder"] / "certificate.pem").unlink()
    (folder / "batch" / "report.csv").unlink()
    provision(folder)
    assert report(folder) == [{**line, "result": "known"} for line in lines]
    assert (folder / "batch" / lines[1]["folder"] / "certificate.pem").exists()


def test_refused_units_are_in_the_report_and_the_others_are_done(folder: Path) -> None:
    with (folder / "units.csv").open("a") as file:
        file.write("SN-0004,,\nSN-0005,,not a mac\n")
    told = provision(folder, code=1)
    assert "3 of 5 units" in told
    assert {line["error"].split(":")[0] for line in report(folder)[3:]} == {"product.quota_exhausted"}


def test_a_unit_twice_or_no_units_at_all_is_a_mistake(folder: Path) -> None:
    (folder / "units.csv").write_text("unit\nA\nA\n")
    assert "again" in provision(folder, code=1)
    (folder / "units.csv").write_text("serial\nA\n")
    assert "no column" in provision(folder, code=1)


def test_pkcs12_if_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.serialization import pkcs12

    monkeypatch.delenv("TEGATA_PASSWORD", raising=False)
    assert "TEGATA_PASSWORD" in provision(folder, "--pkcs12", code=2)
    monkeypatch.setenv("TEGATA_PASSWORD", "let me in")
    provision(folder, "--pkcs12")
    for line in report(folder):
        path = folder / "batch" / line["folder"] / "identity.p12"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), b"let me in")
        assert key is not None and certificate is not None


def test_the_progress_bar_is_that_of_tqdm_if_it_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0 of 3" in provision(folder) or "3/3" in provision(folder)
    (folder / "stand-in").mkdir()
    text = "import sys\ndef tqdm(rows, unit):\n    for row in rows:\n        print('one more', unit, file=sys.stderr)\n        yield row\n"
    (folder / "stand-in" / "tqdm.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder / "stand-in"))
    assert provision(folder).count("one more unit") == 3


def test_a_fleet_is_provisioned_and_grows(tmp_path: Path) -> None:
    script = str(EXAMPLE / "fleet.py")
    assert "20 devices in" in run(tmp_path, script, "--count", "20")
    told = run(tmp_path, script, "--count", "5")
    assert "5 devices in" in told and ("5 of 5" in told or "5/5" in told)
    file = tmp_path / "fleet" / "credentials.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(newline="", encoding="utf-8") as lines:
        devices = list(csv.DictReader(lines))
    assert len(devices) == 25 and len({one["device"] for one in devices}) == 25
    (root,) = tegata.Certificate.many_from_pem((tmp_path / "fleet" / "root-ca.pem").read_bytes())
    store = tegata.SqliteStore.open(tmp_path / "fleet" / "registry.db")
    sealer = tegata.SoftwareSealer.from_file(tmp_path / "fleet" / "sealing.key")
    with tegata.Registry.open(store, sealer) as registry:
        assert registry.devices.count() == 25
        for one in (devices[0], devices[-1]):
            shown = tegata.Presented.psk(one["device"], one["password"].encode())
            assert registry.authenticate(shown).device == one["device"]
            found = registry.keys.verify(one["key"], bytes.fromhex(one["aes_128"]))
            assert found and found.version == int(one["key_version"])
            certificate = tegata.parse_certificate(one["certificate"].encode())
            certificate.verify_signed_by(root.public_key)
            key = tegata.PrivateKey.from_bytes(one["private_key"].encode())
            assert certificate.public_key == key.public_key
