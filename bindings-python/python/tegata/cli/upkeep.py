"""The commands that keep a registry: backups, housekeeping, the log of events as evidence, answers about certificates."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Dict, List, Optional

from .. import Maintained, Registry, Retention, VerifyEvents, verify_export
from .files import Options, open_existing, write_public
from .output import Printer, text

RETENTION = {
    "certificate_days": "expired certificates",
    "device_days": "deleted devices",
    "request_days": "request IDs",
    "claim_code_days": "expired claim codes",
    "secret_days": "deleted secrets and former versions of keys",
    "campaign_days": "ended campaigns",
    "event_days": "events that a checkpoint covers (for ever)",
}


class Tampered(Exception):
    """The log of events is not what was recorded."""


def backup(options: Options, printer: Printer) -> None:
    """Copies the store to a new file, while it is in use. The sealing key is kept apart."""
    with open_existing(options) as registry:
        made = registry.backup(options.file, actor=options.actor)
    printer.one({"file": str(options.file), "bytes": made.bytes, "at": text(made.at)})


def check(options: Options, printer: Printer) -> None:
    """Reads everything and tells what is broken, if anything is."""
    with open_existing(options) as registry:
        found = registry.check_integrity()
    printer.one({"rows": found.rows, "sound": found.is_sound, "findings": found.findings or None})
    if not found.is_sound:
        printer.flush()
        raise Tampered(f"{len(found.findings)} findings")


def maintain(options: Options, printer: Printer) -> None:
    """Archives and removes what is over and was remembered long enough. To be called now and then."""
    retention = Retention(leap_days=options.leap_days, **{name: getattr(options, name) for name in RETENTION})
    with open_existing(options) as registry:
        if options.dry_run:
            done = [registry.maintainable(retention)]
        elif options.archive is None:
            done = rounds(registry, retention, None, options.actor)
        else:
            # The owner's alone: names of devices stand in it, though no secrets.
            descriptor = os.open(options.archive, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as archive:
                done = rounds(registry, retention, archive, options.actor)
                os.fsync(archive.fileno())
    removed: Dict[str, int] = {}
    for one in done:
        for table, rows in one.removed.items():
            removed[table] = removed.get(table, 0) + rows
    printer.one({"removed": sum(removed.values()), "freed": sum(one.freed for one in done), **removed})


def rounds(registry: Registry, retention: Retention, archive: Optional[BinaryIO], actor: str) -> List[Maintained]:
    done = [registry.maintain(retention, archive, actor=actor)]
    while not done[-1].finished:
        done.append(registry.maintain(retention, archive, actor=actor))
    return done


def checkpoint(options: Options, printer: Printer) -> None:
    """Signs how the log of events stands. Keep what it prints somewhere else."""
    with open_existing(options) as registry:
        made = registry.events.checkpoint(actor=options.actor)
        key = registry.events.public_key()
    if options.out:
        write_public(options.out, made.note)
    note = str(options.out) if options.out else made.note
    printer.one({"number": made.number, "events": made.events, "public_key": key, "note": note})


def verify(options: Options, printer: Printer) -> None:
    """Tells whether the log of events is what was recorded, or a file with it (exported or archived)."""
    if options.file:
        if options.public_key is None:
            raise ValueError("a file needs --public-key, which `events checkpoint` prints")
        with options.file.open("rb") as file:
            found = verify_export(file, options.public_key)
    else:
        known = [path.read_text(encoding="utf-8") for path in options.known or []]
        with open_existing(options) as registry:
            found = registry.events.verify(VerifyEvents(known=known, public_key=options.public_key))
    problem = found.first
    told = None
    if problem is not None:
        where = {"event": problem.event, "checkpoint": problem.checkpoint, "line": problem.line}
        told = " ".join([problem.what, *(f"{name} {value}" for name, value in where.items() if value is not None)])
    printer.one(
        {"events": found.events, "checkpoints": found.checkpoints, "uncovered": found.uncovered, "problem": told}
    )
    if told is not None:
        printer.flush()
        raise Tampered(f"the log of events is not what was recorded: {told}")


def export_log(options: Options, printer: Printer) -> None:
    """Writes the log of events, up to the newest checkpoint, as a file that verifies by itself."""
    new = options.out.with_name(options.out.name + ".new")
    with open_existing(options) as registry, new.open("wb") as file:
        events = registry.events.export_log(file)
    os.replace(new, options.out)
    printer.one({"events": events, "out": str(options.out)})


def ocsp(options: Options, printer: Printer) -> None:
    """Answers an OCSP request from a file, with a file: for a server that runs one command a request."""
    with open_existing(options) as registry:
        answer = registry.ocsp.respond(options.request.read_bytes())
    write_public(options.out, answer.der)
    printer.one({"status": answer.status, "cache_control": answer.cache_control, "out": str(options.out)})
