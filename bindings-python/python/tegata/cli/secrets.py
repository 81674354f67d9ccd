"""The commands about shared secrets: passwords, symmetric keys, lists for TLS servers."""

from __future__ import annotations

from .. import (
    Device,
    DeviceFilter,
    IssuedKey,
    KeyFilter,
    NewKey,
    NewKeyOwner,
    NewPsk,
    PskFilter,
    PskPolicy,
    Registry,
    RotateKey,
    RotatePsk,
    SymmetricKey,
    Text,
)
from .files import Options, open_existing, refuse_existing, replace_secret, write_secret
from .output import Printer, Record, text


def passwd(options: Options, printer: Printer) -> None:
    """Gives a device a password: its first one, or another one in place of the one that it has."""
    policy = PskPolicy(length=options.length) if options.length else None
    refuse_existing(options.out)
    with open_existing(options) as registry:
        device = device_of(registry, options.device)
        call = {"actor": options.actor, "request_id": options.request_id}
        found = [
            psk
            for psk in registry.psks.iterate(PskFilter(device=device.id, states=["active", "suspended"]))
            if psk.identity_kind == "device"
        ]
        if found:
            rotate = RotatePsk(grace_days=options.grace, policy=policy)
            issued = registry.psks.rotate(found[0].id, rotate, **call)
        else:
            issued = registry.psks.issue(NewPsk(device.id, policy=policy), **call)
    told: Record = {"device": device.id, "name": device.name, "psk": issued.psk.id, "version": issued.psk.version}
    if issued.password is None:
        raise ValueError("this request made the password before, and nobody knows it any more; ask without --request-id")
    if options.out:
        write_secret(options.out, issued.password.expose() + "\n")
        printer.one({**told, "out": str(options.out)})
    else:
        printer.one({**told, "password": issued.password.expose()})


def key_issue(options: Options, printer: Printer) -> None:
    """Issues a symmetric key to a device or a group. Its value stays in the registry until it is asked for."""
    with open_existing(options) as registry:
        if options.group:
            owner = NewKeyOwner.group(group_of(registry, options.group))
        else:
            owner = NewKeyOwner.device(device_of(registry, options.device).id)
        new = NewKey(owner, options.algorithm, number=options.number, renew_days=options.days)
        key = registry.keys.issue(new, actor=options.actor, request_id=options.request_id)
    printer.one(row(key))


def key_rotate(options: Options, printer: Printer) -> None:
    """Gives a symmetric key its next version."""
    rotate = RotateKey(grace_days=options.grace, algorithm=options.algorithm)
    with open_existing(options) as registry:
        key = registry.keys.rotate(options.key, rotate, actor=options.actor, request_id=options.request_id)
    printer.one(row(key))


def key_get(options: Options, printer: Printer) -> None:
    """Reads the value of a symmetric key. Every reading leaves an event."""
    refuse_existing(options.out)
    with open_existing(options) as registry:
        issued: IssuedKey = registry.keys.get(options.key, options.version, actor=options.actor)
    told: Record = {"key": issued.key.id, "version": issued.version, "algorithm": issued.algorithm}
    if options.out:
        write_secret(options.out, issued.value.expose())
        printer.one({**told, "out": str(options.out)})
    else:
        printer.one({**told, "value": issued.value.expose().hex()})


def key_list(options: Options, printer: Printer) -> None:
    """Lists symmetric keys, without their values."""
    with open_existing(options) as registry:
        device = device_of(registry, options.device).id if options.device else None
        group = group_of(registry, options.group) if options.group else None
        states = [options.state] if options.state else None
        wanted = KeyFilter(device=device, group=group, algorithm=options.algorithm, states=states)
        rows = [row(key) for key in registry.keys.iterate(wanted)]
    printer.many(rows)


def psk_export(options: Options, printer: Printer) -> None:
    """Writes the keys that can be read as the list that a TLS-PSK server takes, in the place of an older one."""
    with open_existing(options) as registry:
        group = group_of(registry, options.group) if options.group else None
        made = registry.psks.export(PskFilter(group=group), options.format, actor=options.actor)
    replace_secret(options.out, made.expose())
    printer.one({"format": options.format, "out": str(options.out)})


def row(key: SymmetricKey) -> Record:
    return {
        "key": key.id,
        "algorithm": key.algorithm,
        "state": key.state,
        "number": key.number,
        "version": key.version,
        "device": key.device,
        "group": key.group,
        "renew_at": text(key.renew_at),
    }


def device_of(registry: Registry, given: str) -> Device:
    """The device with this name, or with this ID."""
    named = registry.devices.find(DeviceFilter(name=Text.is_(given))).items
    return named[0] if named else registry.devices.get(given)


def group_of(registry: Registry, given: str) -> str:
    """The ID of the group with this name, or this ID."""
    named = registry.groups.find(Text.is_(given)).items
    return named[0].id if named else given
