"""Files: those of a registry, keys that only their owner may read and that nothing replaces, certificates."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Optional, Union

from .. import Registry, SoftwareSealer, SqliteOptions, SqliteStore

Options = argparse.Namespace
STORE, KEY = "registry.db", "sealing.key"


def create(options: Options) -> Registry:
    """Makes a registry in a folder that has none."""
    folder: Path = options.registry
    folder.mkdir(parents=True, exist_ok=True)
    for name in (KEY,) if options.store else (STORE, KEY):
        if (folder / name).exists():
            raise FileExistsError(f"{folder / name} is there already; nothing was changed")
    sealer = SoftwareSealer.create_file(folder / KEY)
    if not options.store:
        return Registry.open(SqliteStore.open(folder / STORE), sealer)
    try:
        return Registry.open(options.store, sealer)
    except BaseException:
        (folder / KEY).unlink()  # It has sealed nothing: the next try may make another one.
        raise


def open_existing(options: Options) -> Registry:
    """Opens the registry in a folder, or the one whose store has an address and whose key is in the folder."""
    folder: Path = options.registry
    if options.store:
        there = options.store
        if "create=" not in there:  # An address that leads nowhere is a mistake, not a new registry.
            there += ("&" if "?" in there else "?") + "create=false"
        return Registry.open(there, SoftwareSealer.from_file(folder / KEY))
    if not (folder / STORE).exists():
        raise FileNotFoundError(f"there is no registry in {folder}; `python -m tegata init` makes one")
    store = SqliteStore.open(folder / STORE, SqliteOptions(create=False))
    return Registry.open(store, SoftwareSealer.from_file(folder / KEY))


def write_secret(path: Path, content: Union[str, bytes]) -> None:
    """Writes a new file that only its owner may read. What is there already is never replaced."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_secret(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all, in the place of an older one."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    write_secret(new, content)
    os.replace(new, path)


def refuse_existing(path: Optional[Path]) -> None:
    """Says no before anything happens whose result could not be written."""
    if path is not None and path.exists():
        raise FileExistsError(f"{path} is there already; nothing was changed")


def write_public(path: Path, content: Union[str, bytes]) -> None:
    """Writes a file whole or not at all, in the place of an older one."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    os.replace(new, path)
