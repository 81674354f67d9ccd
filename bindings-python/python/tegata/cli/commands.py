"""The commands and their options."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import Any, List, get_args

from .. import (
    AuthorityFilter,
    CertificateFilter,
    CertificateRecord,
    DeviceFilter,
    Enroll,
    EnrollmentPolicy,
    ExportFormat,
    FileNames,
    Issued,
    NewAuthority,
    NewProduct,
    PrivateKey,
    ProductFilter,
    ProductSpec,
    ProfileSpec,
    Registry,
    Renew,
    Text,
    csr_pem,
    make_csr,
    make_key,
    parse_certificate,
)
from .._types import (
    CertificateState,
    CredentialKind,
    DeviceState,
    KeyAlgorithm,
    KeyState,
    PskFormat,
    ReissuePolicy,
    RevocationReason,
    SymmetricAlgorithm,
)
from . import campaigns, secrets, upkeep
from .files import Options, create, open_existing, refuse_existing, write_public, write_secret
from .output import Printer, Record, text

ROOT, FOR_PRODUCTS, FOR_DEVICES = "root", "product", "device"


def init(options: Options, printer: Printer) -> None:
    """Makes a registry with a root authority and the two usual profiles."""
    with create(options) as registry:
        new = NewAuthority(ROOT, options.subject, algorithm=options.algorithm, validity_days=options.days)
        root = registry.authorities.create_root(new, actor=options.actor)
        registry.profiles.put(FOR_PRODUCTS, ProfileSpec.product_credential(), actor=options.actor)
        registry.profiles.put(FOR_DEVICES, ProfileSpec.device(), actor=options.actor)
        write_public(options.registry / "root.pem", root.pem)
    printer.one({"registry": str(options.registry), "authority": root.id, "subject": root.subject, "root": "root.pem"})


def product(options: Options, printer: Printer) -> None:
    """Registers a product and writes the credential that its units share."""
    refuse_existing(options.out / "key.pem")
    with open_existing(options) as registry:
        policy = EnrollmentPolicy(mode="allow-list" if options.units else "open", quota=options.quota)
        spec = ProductSpec(options.name, enrollment=policy)
        profiles = [registry.profiles.newest(name).id for name in (FOR_PRODUCTS, FOR_DEVICES)]
        new = NewProduct(spec, authority_id(registry), profiles[0], profiles[1])
        made = registry.products.register(new, actor=options.actor, request_id=options.request_id)
        if made.credential.key_pem is not None:
            write_secret(options.out / "key.pem", made.credential.key_pem.expose())
        write_certificate(options.out, made.credential.issued)
        if options.units:
            units = [line.strip() for line in options.units.read_text(encoding="utf-8").splitlines() if line.strip()]
            for outcome in registry.products.add_units(made.product.id, units, actor=options.actor):
                if outcome is not None:
                    raise outcome
    printer.one({"product": made.product.id, "name": made.product.name, "out": str(options.out)})


def enrol(options: Options, printer: Printer) -> None:
    """Enrols a unit: with its CSR, or with a key that is made here and written to the output folder."""
    credential = parse_certificate(options.credential.read_bytes()).der
    csr = options.csr.read_bytes() if options.csr else own_csr(options.out, options.algorithm)
    request = Enroll(credential, csr, name=options.name, unit=options.unit, claim_code=options.claim_code)
    with open_existing(options) as registry:
        enrolled = registry.devices.enroll(request, actor=options.actor, request_id=options.request_id)
    write_certificate(options.out, enrolled.issued)
    printer.one(
        {
            "device": enrolled.device.id,
            "name": enrolled.device.name,
            "unit": enrolled.device.unit,
            "enrollment": enrolled.enrollment,
            "certificate": enrolled.issued.certificate.id,
            "serial": enrolled.issued.serial,
            "not_after": text(enrolled.issued.certificate.not_after),
            "out": str(options.out),
        }
    )


def renew(options: Options, printer: Printer) -> None:
    """Renews a certificate: with its key, or with the key of a new CSR."""
    csr = options.csr.read_bytes() if options.csr else None
    with open_existing(options) as registry:
        request = Renew(options.certificate, csr=csr)
        issued = registry.certificates.renew(request, actor=options.actor, request_id=options.request_id)
        if options.confirm:
            registry.certificates.confirm(issued.certificate.id, actor=options.actor)
    write_certificate(options.out, issued)
    printer.one(
        {
            "certificate": issued.certificate.id,
            "renews": options.certificate,
            "serial": issued.serial,
            "not_after": text(issued.certificate.not_after),
            "out": str(options.out),
        }
    )


def revoke(options: Options, printer: Printer) -> None:
    """Revokes certificates. Each stands on its own; the first refusal decides about the exit code."""
    with open_existing(options) as registry:
        outcomes = registry.certificates.revoke_many(options.certificate, options.reason, actor=options.actor)
    rows: List[Record] = []
    refused = None
    for id_, outcome in zip(options.certificate, outcomes):
        if isinstance(outcome, CertificateRecord):
            rows.append({"certificate": id_, "state": outcome.state, "reason": outcome.reason, "error": None})
        else:
            rows.append({"certificate": id_, "state": None, "reason": None, "error": outcome.code})
            refused = refused or outcome
    printer.many(rows)
    if refused:
        printer.flush()
        raise refused


def list_(options: Options, printer: Printer) -> None:
    """Lists authorities, products, devices or certificates."""
    name = Text.contains(options.name) if options.name else None
    with open_existing(options) as registry:
        rows: List[Record]
        if options.what == "authorities":
            rows = [
                {"id": one.id, "name": one.name, "state": one.state, "subject": one.subject, "not_after": text(one.not_after)}
                for one in registry.authorities.iterate(AuthorityFilter(name=name))
            ]
        elif options.what == "products":
            rows = [
                {"id": one.id, "name": one.name, "state": one.state, "enrolled": registry.products.enrolled(one.id)}
                for one in registry.products.iterate(ProductFilter(name=name))
            ]
        elif options.what == "devices":
            states = [options.state] if options.state else None
            rows = [
                {"id": one.id, "name": one.name, "state": one.state, "unit": one.unit, "product": one.product}
                for one in registry.devices.iterate(DeviceFilter(name=name, states=states, product=options.product))
            ]
        else:
            wanted = CertificateFilter(name=name, state=options.state, device=options.device, product=options.product)
            rows = [
                {
                    "id": one.id,
                    "serial": one.serial.hex().upper(),
                    "kind": one.kind,
                    "state": one.state,
                    "device": one.device,
                    "not_after": text(one.not_after),
                }
                for one in registry.certificates.iterate(wanted)
            ]
    printer.many(rows)


def crl(options: Options, printer: Printer) -> None:
    """Signs a new CRL of an authority and writes it."""
    with open_existing(options) as registry:
        made = registry.authorities.crl(authority_id(registry, options.authority), actor=options.actor)
    write_public(options.out, made.pem if options.out.suffix == ".pem" else made.der)
    printer.one(
        {"number": made.number, "entries": made.entries, "next_update": text(made.next_update), "out": str(options.out)}
    )


def export(options: Options, printer: Printer) -> None:
    """Writes a certificate in a form that others take."""
    key = options.key.read_bytes() if options.key else None
    if options.form == "pkcs12":
        if key is None:
            raise ValueError("pkcs12 needs --key, the file with the certificate's private key")
        form = ExportFormat.pkcs12(PrivateKey.from_bytes(key).to_pkcs8_der(), password(), options.target)
    elif options.form == "files":
        der = PrivateKey.from_bytes(key).to_pkcs8_der() if key is not None else None
        form = ExportFormat.files(FileNames.usual("pem"), key=der)
    else:
        forms = {"pem": ExportFormat.pem, "fullchain": ExportFormat.full_chain_pem, "der": ExportFormat.der}
        form = forms.get(options.form, ExportFormat.pkcs7)()
    with open_existing(options) as registry:
        files = registry.certificates.export(options.certificate, form)
    for file in files:
        if file.secret:
            refuse_existing(options.out / file.name)
    for file in files:
        (write_secret if file.secret else write_public)(options.out / file.name, file.content.expose())
    printer.many([{"file": str(options.out / file.name), "secret": file.secret} for file in files])


# --- what commands share ------------------------------------------------------------------------------------------------


def authority_id(registry: Registry, name: str = ROOT) -> str:
    """The newest authority of this name that is active."""
    found = list(registry.authorities.iterate(AuthorityFilter(name=Text.is_(name), state="active")))
    if not found:
        raise ValueError(f"there is no active authority {name!r}")
    return max(found, key=lambda one: one.generation).id


def own_csr(folder: Path, algorithm: KeyAlgorithm) -> bytes:
    """The request of a new key in this folder. An attempt before left both there: the same request then, since a request ID
    stands for one content."""
    key_file, csr_file = folder / "key.pem", folder / "request.pem"
    if csr_file.exists():
        return csr_file.read_bytes()
    if key_file.exists():
        key = PrivateKey.from_bytes(key_file.read_bytes())
    else:
        key = make_key(algorithm)
        write_secret(key_file, key.to_pkcs8_pem().expose())
    csr = csr_pem(make_csr(key))
    write_public(csr_file, csr)
    return csr.encode()


def write_certificate(folder: Path, issued: Issued) -> None:
    write_public(folder / "certificate.pem", issued.pem)
    write_public(folder / "fullchain.pem", issued.fullchain_pem)


def password() -> str:
    """The password for PKCS#12: never an argument, which other users could see."""
    given = os.environ.get("TEGATA_PASSWORD")
    return given if given is not None else getpass.getpass("password for the PKCS#12 file: ")


# --- options --------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-r", "--registry", type=Path, default=Path("registry"), help="the registry's folder (registry)")
    where = "address of its store, such as postgres://host/database, instead of the folder's file; or TEGATA_STORE"
    common.add_argument("--store", metavar="URL", default=os.environ.get("TEGATA_STORE"), help=where)
    common.add_argument("--actor", default=os.environ.get("TEGATA_ACTOR", "cli"), help="who acts, for the events")
    common.add_argument("--json", action="store_true", help="print JSON")
    prog = "python -m tegata" if Path(sys.argv[0]).name == "__main__.py" else None
    main = argparse.ArgumentParser(prog=prog, description="Gives devices an identity.")
    commands = main.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, *aliases: str) -> argparse.ArgumentParser:
        described = (getattr(run, "__doc__", None) or "").splitlines()[0]
        made = commands.add_parser(name, aliases=aliases, parents=[common], help=described, description=described)
        made.set_defaults(run=run)
        return made

    def repeatable(made: argparse.ArgumentParser) -> None:
        made.add_argument("--request-id", help="makes a repetition harmless: it gets the first result again")

    algorithms = get_args(KeyAlgorithm)
    made = command("init", init)
    made.add_argument("--subject", required=True, help='the root\'s subject, such as "CN=Example Root,O=Example"')
    made.add_argument("--algorithm", choices=algorithms, help="of the root's key")
    made.add_argument("--days", type=int, help="how long the root is valid")

    made = command("product", product)
    made.add_argument("name")
    made.add_argument("--out", type=Path, required=True, help="folder for the credential")
    made.add_argument("--quota", type=int, help="how many units may enrol")
    made.add_argument("--units", type=Path, help="file with the units that may enrol, one a line")
    repeatable(made)

    made = command("enrol", enrol, "enroll")
    made.add_argument("--credential", type=Path, required=True, help="the product's certificate")
    made.add_argument("--out", type=Path, required=True, help="folder for the device's credential")
    made.add_argument("--csr", type=Path, help="the unit's request; without one, a key is made here")
    made.add_argument("--algorithm", choices=algorithms, default="ecdsa-p256", help="of the key made here")
    made.add_argument("--name", help="the device's name")
    made.add_argument("--unit", help="the manufacturer's identifier of the unit")
    made.add_argument("--claim-code", help="what entitles the unit to enrol")
    repeatable(made)

    made = command("renew", renew)
    made.add_argument("certificate", help="the certificate's ID")
    made.add_argument("--out", type=Path, required=True, help="folder for the new certificate")
    made.add_argument("--csr", type=Path, help="a request with a new key")
    made.add_argument("--confirm", action="store_true", help="it is installed already: the old one retires now")
    repeatable(made)

    made = command("revoke", revoke)
    made.add_argument("certificate", nargs="+", help="the certificates' IDs")
    made.add_argument("--reason", choices=get_args(RevocationReason), default="unspecified")

    made = command("list", list_)
    made.add_argument("what", choices=("authorities", "products", "devices", "certificates"))
    made.add_argument("--name", help="whose name holds this")
    made.add_argument("--state", choices=sorted({*get_args(DeviceState), *get_args(CertificateState)}))
    made.add_argument("--product", help="of the product with this ID")
    made.add_argument("--device", help="of the device with this ID")

    made = command("crl", crl)
    made.add_argument("--authority", default=ROOT, help="the authority's name (root)")
    made.add_argument("--out", type=Path, required=True, help="file: .pem for PEM, else DER")

    made = command("export", export)
    made.add_argument("certificate", help="the certificate's ID")
    made.add_argument("--form", choices=("pem", "fullchain", "der", "pkcs7", "pkcs12", "files"), default="files")
    made.add_argument("--key", type=Path, help="file with its private key")
    made.add_argument("--target", choices=("modern", "legacy"), help="who shall read the PKCS#12 file")
    made.add_argument("--out", type=Path, required=True, help="folder for the files")

    made = command("passwd", secrets.passwd)
    made.add_argument("device", help="the device's name or ID")
    made.add_argument("--length", type=int, help="how many characters (24)")
    made.add_argument("--grace", type=int, default=0, help="for how many days the password before counts too (0)")
    made.add_argument("--out", type=Path, help="new file for the password, instead of printing it")
    repeatable(made)

    def part(of: str, about: str) -> Any:
        """A command that has commands of its own."""
        made = commands.add_parser(of, help=about, description=about)
        parts = made.add_subparsers(required=True, metavar="COMMAND")

        def add(name: str, run: object) -> argparse.ArgumentParser:
            described = (getattr(run, "__doc__", None) or "").splitlines()[0]
            made = parts.add_parser(name, parents=[common], help=described, description=described)
            made.set_defaults(run=run)
            return made

        return add

    symmetric = get_args(SymmetricAlgorithm)
    key = part("key", "Issues, rotates, reads and lists symmetric keys.")
    made = key("issue", secrets.key_issue)
    owner = made.add_mutually_exclusive_group(required=True)
    owner.add_argument("--device", help="the name or ID of the device that owns it")
    owner.add_argument("--group", help="the name or ID of the group that owns it")
    made.add_argument("--algorithm", choices=symmetric, default="aes-128", help="of what kind (aes-128)")
    made.add_argument("--number", type=int, help="tells its owner's keys apart; the first free one by default")
    made.add_argument("--days", type=int, help="after how many days it is due to be rotated")
    repeatable(made)
    made = key("rotate", secrets.key_rotate)
    made.add_argument("key", help="the key's ID")
    made.add_argument("--grace", type=int, default=0, help="for how many days the version before is kept (0)")
    made.add_argument("--algorithm", choices=symmetric, help="another kind from now on")
    repeatable(made)
    made = key("get", secrets.key_get)
    made.add_argument("key", help="the key's ID")
    made.add_argument("--version", type=int, help="which version; the current one by default")
    made.add_argument("--out", type=Path, help="new file for the octets, instead of printing them in hexadecimal")
    made = key("list", secrets.key_list)
    made.add_argument("--device", help="of this device")
    made.add_argument("--group", help="of this group or its members")
    made.add_argument("--algorithm", choices=symmetric, help="of this kind")
    made.add_argument("--state", choices=get_args(KeyState), help="in this state")

    made = command("psk-export", secrets.psk_export)
    made.add_argument("--format", choices=get_args(PskFormat), required=True, help="for which server")
    made.add_argument("--group", help="only for devices of this group")
    made.add_argument("--out", type=Path, required=True, help="the file")

    campaign = part("campaign", "Replaces many credentials, wave by wave.")
    made = campaign("start", campaigns.start)
    made.add_argument("name")
    made.add_argument("--kind", action="append", choices=get_args(CredentialKind), help="only this kind; may be repeated")
    made.add_argument("--algorithm", help="with keys of this algorithm, such as rsa-2048 or aes-128")
    made.add_argument("--authority", help="issued by this authority (ID)")
    made.add_argument("--product", help="of this product's devices (ID)")
    made.add_argument("--group", help="of this group's devices (ID)")
    made.add_argument("--wave", type=int, metavar="N", help="how many credentials one wave has (1000)")
    made.add_argument("--every", type=int, metavar="SECONDS", help="how long until the next wave (3600)")
    made.add_argument("--policy", choices=get_args(ReissuePolicy), help="whether they become due or are rotated here (due)")
    made.add_argument("--grace", type=int, help="for how many days values before a rotation count too")
    made.add_argument("--reason", help="why, in a few words")
    made.add_argument("--preview", action="store_true", help="only count what would be selected")
    repeatable(made)
    made = campaign("advance", campaigns.advance)
    made.add_argument("campaign", nargs="?", help="its ID; all that run by default")
    for name, run in (("pause", campaigns.pause), ("resume", campaigns.resume), ("cancel", campaigns.cancel)):
        campaign(name, run).add_argument("campaign", help="its ID")
    campaign("list", campaigns.list_)
    made = campaign("stragglers", campaigns.stragglers)
    made.add_argument("campaign", help="its ID")

    made = command("backup", upkeep.backup)
    made.add_argument("file", type=Path, help="new file; with -r, `--store sqlite:FILE` opens it")
    command("check", upkeep.check)
    made = command("maintain", upkeep.maintain)
    made.add_argument("--archive", type=Path, help="file to which what goes is appended first, one JSON object a line")
    made.add_argument("--dry-run", action="store_true", help="only count what would go")
    for name, what in upkeep.RETENTION.items():
        made.add_argument("--" + name.replace("_", "-"), type=int, metavar="N", help=f"how long to keep {what}")
    made.add_argument("--leap-days", type=int, metavar="N", help="how far the clock may have gone on since the last time (90)")
    events = part("events", "The log of events as evidence: signed checkpoints, and whether it is what was recorded.")
    made = events("checkpoint", upkeep.checkpoint)
    made.add_argument("--out", type=Path, help="file for the signed note, instead of printing it")
    made = events("verify", upkeep.verify)
    made.add_argument("file", type=Path, nargs="?", help="a log that was exported; the registry's own by default")
    made.add_argument("--known", type=Path, action="append", help="signed note that was kept elsewhere; may be repeated")
    made.add_argument("--public-key", help="of the log, as it was kept elsewhere")
    made = events("export", upkeep.export_log)
    made.add_argument("--out", type=Path, required=True, help="the file")
    made = command("ocsp", upkeep.ocsp)
    made.add_argument("request", type=Path, help="file with the request, DER")
    made.add_argument("--out", type=Path, required=True, help="file for the answer, DER")
    return main
