#!/usr/bin/env python3
"""Provisions a fleet: each device gets its ID, a password, a certificate with its key, and an AES-128 key, in bulk.

    fleet.py --count 100000 --out fleet

In the folder are then `registry.db` with its `sealing.key`, `root-ca.pem`, and what the devices are given: `credentials.csv`,
which only its owner may read. Running it again adds devices to the same fleet, and lines to the same file. There is a progress
bar if the package `tqdm` is installed, otherwise a line now and then.

Exit code 0: every device has its credentials. 1: some were refused, and stderr says why.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, List, Optional, Type

from tegata import (
    AuthorityFilter,
    CertificateWish,
    Error,
    NewAuthority,
    NewDevice,
    ProfileSpec,
    Provision,
    Provisioned,
    PskWish,
    Registry,
    SoftwareSealer,
    SqliteStore,
)

BATCH = 5_000
"""How many devices are provisioned before their credentials are written out."""
COLUMNS = ["device", "password", "key", "key_version", "aes_128", "serial", "not_after", "certificate", "private_key"]


class Credentials:
    """credentials.csv: what the devices are given, shown once and therefore kept here. Lines are added, never replaced."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        if os.fstat(descriptor).st_size == 0:
            self._writer.writerow(COLUMNS)

    def add(self, made: Provisioned) -> None:
        """One device."""
        assert made.psk and made.psk.password and made.key and made.certificate and made.certificate.key_pem
        issued = made.certificate.issued
        self._writer.writerow(
            [
                made.device.id,
                made.psk.password.expose(),
                made.key.key.id,
                made.key.version,
                made.key.value.expose().hex(),
                issued.serial,
                issued.certificate.not_after.isoformat(),
                issued.pem,
                made.certificate.key_pem.expose(),
            ]
        )

    def sync(self) -> None:
        """Not only written but on the disk: what a device is given must be safe before the next batch."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Credentials:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._file.close()


class Bar:
    """How far it has come: tqdm's bar if that is installed, else a line a second on stderr."""

    def __init__(self, total: int) -> None:
        self._total, self._told = total, time.monotonic()
        self._bar: Any = None
        try:
            from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            print(f"0 of {total}", file=sys.stderr)
        else:
            self._bar = tqdm(total=total, unit="device")

    def at(self, done: int) -> None:
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif done == self._total or time.monotonic() - self._told >= 1:
            self._told = time.monotonic()
            print(f"{done} of {self._total}", file=sys.stderr)

    def after(self, done: int) -> Callable[[int, int], None]:
        """What a batch tells of its progress to, when `done` were done before it."""
        return lambda of_batch, _: self.at(done + of_batch)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def open_registry(out: Path) -> Registry:
    """The registry in the folder, made if there is none."""
    key = out / "sealing.key"
    sealer = SoftwareSealer.from_file(key) if key.exists() else SoftwareSealer.create_file(key)
    return Registry.open(SqliteStore.open(out / "registry.db"), sealer)


def wish_of(registry: Registry, out: Path) -> Provision:
    """What each device gets. Its ID serves as its name and, together with the password, as its login."""
    roots = registry.authorities.find(AuthorityFilter(state="active"))
    if roots.items:
        root = roots.items[0]
    else:
        new = NewAuthority("fleet", "CN=Fleet CA,O=Example", validity_days=20 * 365)
        root = registry.authorities.create_root(new, actor="operator")
    (out / "root-ca.pem").write_text(root.pem or "", encoding="ascii")
    # Devices that cannot make keys get theirs from here.
    spec = ProfileSpec(server_keys=["ecdsa-p256"])
    profile = registry.profiles.put("fleet device", spec, actor="operator")
    certificate = CertificateWish(profile.id, root.id)
    return Provision(NewDevice(), psk=PskWish(), key="aes-128", certificate=certificate)


def provision(out: Path, count: int) -> List[Error]:
    """Provisions so many devices, batch by batch. The result is why some were refused."""
    refused: List[Error] = []
    with open_registry(out) as registry, Credentials(out / "credentials.csv") as credentials:
        wish = wish_of(registry, out)
        bar = Bar(count)
        for done in range(0, count, BATCH):
            wishes = [wish] * min(BATCH, count - done)
            for outcome in registry.devices.provision_many(wishes, actor="factory", progress=bar.after(done)):
                if isinstance(outcome, Error):
                    refused.append(outcome)
                else:
                    credentials.add(outcome)
            credentials.sync()
        bar.close()
    return refused


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000, help="how many devices (1000)")
    parser.add_argument("--out", type=Path, default=Path("fleet"), help="where everything goes (fleet)")
    options = parser.parse_args(arguments)

    options.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun = time.monotonic()
    refused = provision(options.out, options.count)
    seconds = time.monotonic() - begun
    made = options.count - len(refused)
    size = (options.out / "registry.db").stat().st_size / 1e6
    print(f"{made} devices in {seconds:.1f} s, {made / seconds:.0f} a second; registry.db has {size:.1f} MB")
    for error in refused[:10]:
        print(f"refused: {error.message} [{error.code}]", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
