#!/usr/bin/env python3
"""Provisions a batch of units: reads a CSV, enrols each unit, and leaves a folder of credentials and a report.

    provision.py units.csv --registry registry --credential camera/certificate.pem --out batch-7

The CSV has a column `unit` (the manufacturer's identifier) and may have `name`, `claim_code`, `ip`, `mac` and `host_name`.
`python -m tegata init` and `python -m tegata product` make the registry and the credential.

With `--pkcs12`, a unit's folder also has all of it in one file, `identity.p12`, under the password that the environment variable
TEGATA_PASSWORD holds. There is a progress bar if the package `tqdm` is installed, otherwise a line now and then.

The script may be stopped at any time and started again: a unit's key and request stay in its folder, and its request ID makes
sure that it is enrolled once. Exit code 0: every unit has its credential. 1: some do not, and the report says why.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, TextIO

import tegata
from tegata import Attributes, Enroll, ExportFormat, PrivateKey, Registry, SoftwareSealer, SqliteOptions, SqliteStore

REPORT = ["unit", "result", "device", "certificate", "serial", "not_after", "folder", "error"]
Row = Dict[str, str]


def units(file: TextIO) -> Iterator[Row]:
    """The rows of the CSV, with empty cells left out."""
    reader = csv.DictReader(file)
    if "unit" not in (reader.fieldnames or []):
        raise SystemExit("provision: the CSV has no column `unit`")
    seen = set()
    for row in reader:
        filled = {name: value.strip() for name, value in row.items() if name and isinstance(value, str) and value.strip()}
        unit = filled.get("unit")
        if unit is None:
            continue
        if unit in seen:
            raise SystemExit(f"provision: line {reader.line_num} has the unit {unit} again")
        seen.add(unit)
        yield filled


def folder_of(out: Path, unit: str) -> Path:
    """A folder for a unit, whatever is in its identifier: two units never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", unit)[:60]
    return out / (plain if plain == unit else f"{plain}-{hashlib.sha256(unit.encode()).hexdigest()[:8]}")


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Writes a file whole or not at all, so that an interruption leaves nothing half written."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def csr_of(folder: Path) -> bytes:
    """The unit's request: the one of an earlier run, or that of a new key, which only the owner of the file may read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_file, csr_file = folder / "key.pem", folder / "request.der"
    if not csr_file.exists():
        if key_file.exists():
            key = PrivateKey.from_bytes(key_file.read_bytes())
        else:
            key = tegata.make_key("ecdsa-p256")
            write(key_file, key.to_pkcs8_pem().expose().encode(), 0o600)
        write(csr_file, tegata.make_csr(key))
    return csr_file.read_bytes()


def request(row: Row, credential: bytes, folder: Path) -> Enroll:
    attributes = Attributes(ip=row.get("ip"), mac=row.get("mac"), host_name=row.get("host_name"))
    return Enroll(
        credential,
        csr_of(folder),
        unit=row["unit"],
        name=row.get("name"),
        claim_code=row.get("claim_code"),
        attributes=attributes,
    )


def progress(rows: List[Row]) -> Iterable[Row]:
    """The rows, with a sign of life on stderr."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        for done, row in enumerate(rows):
            if done % 100 == 0:
                print(f"{done} of {len(rows)}", file=sys.stderr)
            yield row
    else:
        yield from tqdm(rows, unit="unit")


def provision(registry: Registry, row: Row, credential: bytes, out: Path, batch: str, password: Optional[str]) -> Row:
    """Enrols one unit and writes its credential. The result is its line of the report."""
    folder = folder_of(out, row["unit"])
    line = {"unit": row["unit"], "folder": folder.name}
    try:
        # The request ID names unit and batch: the same run again gets the same answer, not a second certificate.
        id_ = hashlib.sha256(f"{batch}\n{row['unit']}".encode()).hexdigest()
        enrolled = registry.devices.enroll(request(row, credential, folder), actor="provision", request_id=id_)
        issued = enrolled.issued
        if password is not None:
            key = PrivateKey.from_bytes((folder / "key.pem").read_bytes()).to_pkcs8_der()
            (packed,) = registry.certificates.export(issued.certificate.id, ExportFormat.pkcs12(key, password))
            write(folder / "identity.p12", packed.content.expose(), 0o600)
    except tegata.Error as error:
        return {**line, "result": "refused", "error": f"{error.code}: {error.message}"}
    write(folder / "certificate.pem", issued.pem.encode())
    write(folder / "fullchain.pem", issued.fullchain_pem.encode())
    return {
        **line,
        "result": enrolled.enrollment,
        "device": enrolled.device.id,
        "certificate": issued.certificate.id,
        "serial": issued.serial,
        "not_after": issued.certificate.not_after.isoformat(),
    }


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("csv", type=Path)
    parser.add_argument("--registry", type=Path, default=Path("registry"), help="folder that `python -m tegata init` made")
    parser.add_argument("--credential", type=Path, required=True, help="the product's certificate")
    parser.add_argument("--out", type=Path, required=True, help="folder for the units' credentials and report.csv")
    parser.add_argument("--pkcs12", action="store_true", help="write a PKCS#12 file too; its password is in TEGATA_PASSWORD")
    options = parser.parse_args(arguments)
    password = os.environ.get("TEGATA_PASSWORD") if options.pkcs12 else None
    if options.pkcs12 and not password:
        parser.error("--pkcs12 needs a password in the environment variable TEGATA_PASSWORD")

    credential = tegata.parse_certificate(options.credential.read_bytes()).der
    store = SqliteStore.open(options.registry / "registry.db", SqliteOptions(create=False))
    sealer = SoftwareSealer.from_file(options.registry / "sealing.key")
    options.out.mkdir(parents=True, exist_ok=True)
    # utf-8-sig: spreadsheets put a mark at the beginning.
    with Registry.open(store, sealer) as registry, options.csv.open(newline="", encoding="utf-8-sig") as file:
        rows = progress(list(units(file)))
        lines = [provision(registry, row, credential, options.out, options.out.name, password) for row in rows]

    new = options.out / ".report.csv.new"
    with new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, REPORT, restval="")
        writer.writeheader()
        writer.writerows(lines)
    new.replace(options.out / "report.csv")

    refused = [line for line in lines if line["result"] == "refused"]
    print(f"{len(lines) - len(refused)} of {len(lines)} units have a credential in {options.out}")
    for line in refused:
        print(f"  {line['unit']}: {line['error']}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
