#!/usr/bin/env python3
"""Lists the operations of the public surface, read from core/src, in core/tests/operations.json.

Every operation in that list has a scenario (core/tests/scenarios) and stands in every binding; tests compare. So what is
added to the core shows up here, and fails until both exist. The rule:

1. each `pub fn` of a handle is `devices.enroll`, each of `Registry` is `registry.authenticate`;
2. each function that is re-exported at the root of the crate is `make_key`;
3. of each type that is re-exported at the root, of each record in `model`, and of the types in ALSO: each `pub fn` that
   takes `&self` or no self at all is `Issued.pem`, unless EXCLUDED says why not. What takes `self` by value builds or changes
   a value step by step; other languages have named arguments for that, and changes of records belong to the registry;
4. the trait methods in TRAITS.

Two records are named like what they describe, so here they are `CertificateRecord` and `CrlRecord`.

Without arguments: writes the list. `--check`: fails when it is stale. `--self-test`: shows that it can.
"""

import importlib.util
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "core/src"
LIST = ROOT / "core/tests/operations.json"

HANDLES = {
    "Registry": "registry",
    "Authorities": "authorities",
    "Profiles": "profiles",
    "Products": "products",
    "Devices": "devices",
    "Groups": "groups",
    "Certificates": "certificates",
    "Psks": "psks",
    "Keys": "keys",
    "Campaigns": "campaigns",
    "Clients": "clients",
    "Events": "events",
    "Ocsp": "ocsp",
}

# Types of the surface that are not re-exported at the root: where a registry lives, and names for exported files.
ALSO = {
    ("store", "MemoryStore"),
    ("store", "SqliteStore"),
    ("store", "SoftwareSealer"),
    ("store", "SealingKeys"),
    ("pack", "FileNames"),
    ("x509", "CertificateExtensions"),
}

# (module, type) -> name in the list, where two types share one.
RENAMED = {("model", "Certificate"): "CertificateRecord", ("model", "Crl"): "CrlRecord"}

# Methods that come from a trait of the crate, and methods by value of enums that can be copied.
TRAITS = {
    ("key", "PrivateKey"): ("key/signer.rs", "Signer", ["public_key", "algorithm", "sign"]),
    ("env", "FixedClock"): ("env.rs", "Clock", ["now"]),
}
BY_VALUE = {"Statement.message"}

ENUM = "an enum is its name in most languages; what follows from it is in the documentation"
TEXT = "a text in every other language"
TIME = "every language has a time of its own"
DECISION = "the registry decides so itself; it is public for those who test the rules in Rust"
DEFAULTS = "a constructor for the fields without a default; other languages have named arguments"
PARSED = "the free function does the same"
PARTS = "parts of the encoding, for verifiers written in Rust; verify_signed_by verifies"

# "Type.method" or "Type.*": why other languages do without.
EXCLUDED = {
    "Attribute.*": TEXT,
    "Attributes.check": "the registry checks them when they come in",
    "Authority.check_issues": DECISION,
    "Authority.crl_policy": "a field in every other language",
    "CrlOptions.*": DEFAULTS,
    "Authority.check_signs": DECISION,
    "Authority.check_vouches": DECISION,
    "Bulk.*": DEFAULTS,
    "Campaign.check_running": DECISION,
    "Campaign.is_released": "campaigns.progress says it",
    "NewCampaign.new": DEFAULTS,
    "DueItem.*": "fields of what it holds",
    "Call.by": DEFAULTS,
    "Certificate.from_bytes": PARSED,
    "Certificate.from_der": PARSED,
    "Certificate.signature": PARTS,
    "Certificate.signature_algorithm_der": PARTS,
    "Certificate.tbs": PARTS,
    "CertificateRecord.check_in_force": DECISION,
    "CertificateRecord.check_issued": DECISION,
    "CertificateRecord.check_renews": DECISION,
    "CertificateRecord.check_renews_with": DECISION,
    "CertificateWish.*": DEFAULTS,
    "CheckValue.*": TEXT,
    "Device.check_alive": DECISION,
    "Client.check_active": DECISION,
    "Client.check_living": DECISION,
    "Device.check_valid": DECISION,
    "Due.until": DEFAULTS,
    "Enroll.new": DEFAULTS,
    "EnrollmentPolicy.check_window": DECISION,
    "Error.code": "an attribute of the error type",
    "Error.kind": "an attribute of the error type",
    "Extensions.*": "what a certificate template holds, below the registry",
    "GeneralName.*": "constructors of a sum type's variants",
    "Issue.new": DEFAULTS,
    "IssuedPsk.hex_of": "IssuedPsk.hex, for bindings whose records are plain values",
    "IssuedPsk.octets": "the secret itself",
    "IssuedPsk.password_in": "IssuedPsk.password, for bindings whose records are plain values",
    "IssueWithKey.new": DEFAULTS,
    "KeyMaterial.*": "a key's bytes in every other language; check_value and the registry do the rest",
    "KeyUsage.*": "a list of names in every other language",
    "Name.*": TEXT,
    "NewAuthority.new": DEFAULTS,
    "NewClient.named": DEFAULTS,
    "NewDevice.named": DEFAULTS,
    "NewProduct.new": DEFAULTS,
    "NewKey.*": DEFAULTS,
    "NewPsk.password": DEFAULTS,
    "NewPsk.tls": DEFAULTS,
    "OcspStatus.*": ENUM,
    "Oid.*": TEXT,
    "Page.of": DEFAULTS,
    "Presented.*": "constructors of a sum type's variants",
    "PrivateKey.generate": PARSED,
    "Product.check_active": DECISION,
    "Product.check_enrolls": DECISION,
    "ProductSpec.named": DEFAULTS,
    "Provision.new": DEFAULTS,
    **{f"ProxyHeaders.{preset}": DEFAULTS for preset in ("envoy", "haproxy", "nginx", "rfc9440")},
    "Psk.check_active": DECISION,
    "Psk.in_grace": DECISION,
    "TrustedProxy.new": DEFAULTS,
    "PskWish.*": DEFAULTS,
    "PskPolicy.check": "whoever takes a policy checks it",
    "PskPolicy.check_for_tls": "whoever takes a policy checks it",
    "PskPolicy.is_met_by": DECISION,
    "Purpose.*": "asked by verify_chain",
    "RenewWithKey.new": DEFAULTS,
    "Renew.same_key": DEFAULTS,
    "Renew.with_csr": DEFAULTS,
    "RevocationReason.*": ENUM,
    "RotateKey.with_grace": DEFAULTS,
    "RotatePsk.with_grace": DEFAULTS,
    "Sealed.*": "met only by who writes a sealer",
    "Secret.*": "each language has its own way to keep a value out of its logs",
    "Serial.*": TEXT,
    "SignatureAlgorithm.*": ENUM,
    "Standing.of": "CertificateRecord.standing, for bindings whose records are plain values",
    "SymmetricKey.*": DECISION,
    "SystemRandom.new": "what Options have by default",
    "Timestamp.*": TIME,
    "VerifiedCsr.parse": PARSED,
    **{f"registry.{handle}": "a property that leads to the handle" for handle in HANDLES.values() if handle != "registry"},
}


def load_blank():
    """The function that blanks comments and literals, from check-layers.py."""
    spec = importlib.util.spec_from_file_location("check_layers", ROOT / "tools/check-layers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.blank


blank = load_blank()


def until(text, at, opening, closing):
    """The index just behind the bracket that closes the one at `at`."""
    depth = 0
    while at < len(text):
        depth += (text[at] == opening) - (text[at] == closing)
        at += 1
        if depth == 0:
            return at
    raise SystemExit("operations.py: unbalanced brackets")


def split_top(text):
    """The comma-separated parts of `text`, brackets respected."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{<") - (char in ")]}>" and text[at - 1 : at + 1] != "->")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


FUNCTION = re.compile(r"(?P<public>\bpub )?(?:const )?\bfn (?P<name>\w+)(?:<[^(]*>)?\(")


def functions(text, public=True):
    """The functions in `text`: name, receiver, [(parameter, type)], return type."""
    for match in FUNCTION.finditer(text):
        if public and not match["public"]:
            continue
        end = until(text, match.end() - 1, "(", ")")
        parameters = split_top(text[match.end() : end - 1])
        receiver = parameters.pop(0) if parameters and re.fullmatch(r"(&(\w|')* ?)?(mut )?self", parameters[0]) else None
        rest = text[end : re.compile(r"\{|;\s*$", re.MULTILINE).search(text, end).start()]
        returns = rest.split("->", 1)[1].split(" where ")[0] if "->" in rest else "()"
        pairs = [tuple(part.strip().removeprefix("mut ") for part in parameter.split(":", 1)) for parameter in parameters]
        yield match["name"], receiver, pairs, " ".join(returns.split())


IMPL = re.compile(r"^impl(?:<[^>]*>)? (?P<head>[^{]+)\{", re.MULTILINE)


def inherent(sources):
    """(module, type, function ...) for every inherent impl."""
    for path in sorted(sources.rglob("*.rs")):
        module = path.relative_to(sources).parts[0].removesuffix(".rs")
        text = blank(path.read_text()).split("#[cfg(test)]\nmod")[0]
        for match in IMPL.finditer(text):
            head = match["head"].strip()
            if " for " in head:
                continue
            name = re.match(r"[\w:]+", head)[0]
            body = text[match.end() : until(text, match.end() - 1, "{", "}") - 1]
            for function in functions(body):
                yield module, name, *function


def exports(path):
    """The (module, name)s that a file re-exports."""
    for module, names in re.findall(r"^pub use (?:crate::)?(\w+)::(\{[^}]*\}|\w+);", blank(path.read_text()), re.MULTILINE):
        for name in re.findall(r"\w+", names):
            yield module, name


def operation(name, pairs, returns, on=None):
    own = [(parameter, kind) for parameter, kind in pairs if kind not in ("&Call", "&Bulk<'_>")]
    kinds = [kind for _, kind in pairs]
    entry = {"operation": name, "parameters": [{"name": p, "type": " ".join(k.split())} for p, k in own]}
    if on:
        entry["on"] = on
    return entry | {
        "call": "&Call" in kinds,
        "bulk": "&Bulk<'_>" in kinds,
        "refuses": returns.startswith("Result<"),
        "returns": returns,
    }


def surface(sources=SOURCES):
    """All operations, and the lines of EXCLUDED that were needed."""
    root = list(exports(sources / "lib.rs"))
    types = {(module, name) for module, name in root if name[0].isupper()} | ALSO
    types |= {("model", name) for _, name in exports(sources / "model/mod.rs")}
    found, needed = [], set()

    def add(name, entry):
        for line in (name, name.split(".")[0] + ".*"):
            if line in EXCLUDED:
                needed.add(line)
                return
        found.append(entry)

    for module, owner, name, receiver, pairs, returns in inherent(sources):
        if module == "registry" and owner in HANDLES and (module, owner) in types:
            if receiver is None:
                add(f"{owner}.{name}", operation(f"{owner}.{name}", pairs, returns))
            else:
                add(f"{HANDLES[owner]}.{name}", operation(f"{HANDLES[owner]}.{name}", pairs, returns))
        elif (module, owner) in types:
            shown = RENAMED.get((module, owner), owner)
            full = f"{shown}.{name}"
            if receiver in (None, "&self") or full in BY_VALUE:
                add(full, operation(full, pairs, returns, on=shown if receiver else None))
    for (module, owner), (file, trait, names) in TRAITS.items():
        text = blank((sources / file).read_text())
        body = text[text.index(f"pub trait {trait}") :]
        for name, _, pairs, returns in functions(body, public=False):
            if name in names:
                names = [other for other in names if other != name]
                add(f"{owner}.{name}", operation(f"{owner}.{name}", pairs, returns, on=owner))
        if names:
            raise SystemExit(f"operations.py: {trait} has no {', '.join(names)}")
    free = {name for _, name in root if name[0].islower()}
    for path in sorted(sources.rglob("*.rs")):
        text = blank(path.read_text()).split("#[cfg(test)]\nmod")[0]
        for match in re.finditer(r"^pub (?:const )?fn ", text, re.MULTILINE):
            name, _, pairs, returns = next(functions(text[match.start() :]))
            if name in free:
                free.discard(name)
                add(name, operation(name, pairs, returns))
    # `error` is declared by a macro.
    found.append({"operation": "Error.table", "parameters": [], "call": False, "bulk": False, "refuses": False, "returns": "[Reason]"})
    if free:
        raise SystemExit(f"operations.py: re-exported, but not found: {', '.join(sorted(free))}")
    if idle := sorted(set(EXCLUDED) - needed - {"Error.code", "Error.kind"}):
        raise SystemExit(f"operations.py: EXCLUDED names what is not there: {', '.join(idle)}")
    found.sort(key=lambda entry: (entry["operation"][0].isupper(), "." not in entry["operation"], entry["operation"]))
    return found


def text_of(operations):
    lines = ",\n".join("  " + json.dumps(entry) for entry in operations)
    return f"[\n{lines}\n]\n"


def self_test():
    sample = """
        pub fn many<'a>(&self, items: &[(u8, Vec<u8>)], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<u8>>> { x }
        fn private(&self) {}
        pub const fn made(mut self, a: impl Fn(u8) -> u8) -> Self { self }
    """
    got = list(functions(sample))
    assert [entry[0] for entry in got] == ["many", "made"], got
    assert got[0][2][0] == ("items", "&[(u8, Vec<u8>)]"), got
    assert got[0][3] == "Result<Vec<Result<u8>>>" and got[1][1] == "mut self", got
    entry = operation("x.many", got[0][2], got[0][3])
    assert entry["bulk"] and entry["call"] and entry["refuses"] and len(entry["parameters"]) == 1, entry
    names = {entry["operation"] for entry in surface()}
    assert {"devices.enroll", "registry.counts", "make_key", "Issued.pem", "PrivateKey.sign"} <= names
    assert "devices.inner" not in names and "Name.parse" not in names
    print("operations.py tells a surface from what is beneath it")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    fresh = text_of(surface())
    if "--check" in sys.argv:
        if not LIST.exists() or LIST.read_text() != fresh:
            raise SystemExit("core/tests/operations.json is stale; run `tools/operations.py`")
        print(f"core/tests/operations.json lists the {fresh.count(chr(10)) - 2} operations of the surface")
    else:
        LIST.write_text(fresh)
        print(f"{fresh.count(chr(10)) - 2} operations")
    return None


if __name__ == "__main__":
    main()
