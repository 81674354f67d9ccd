#!/usr/bin/env python3
"""Checks that every requirement which this release covers is named by a test: in its name, its comment or its file.

A requirement is an ID such as NEC-20, or `trap 5`. Tests name the ones that they prove:

    /// NEC-20, trap 11: what others use is not revoked.
    #[test]
    fn deleting_one_device_leaves_shared_certificates() ..

Ranges (`NEC-21..25`) and lists (`traps 1, 2 and 15`, `NEC-9/10`) count. `--list` says which test names which, and
`--self-test` shows that the script can fail.
"""

import pathlib
import re
import sys

# What this release covers. Each line: the ID and what it is about.
COVERED = """
NEC-1 issue a PSK: identity and password, always within the policy
NEC-2 get a PSK: the value issued; the read is audited
NEC-3 verify a PSK: constant time, not when suspended or deleted
NEC-4 delete a PSK: neither read nor verified afterwards
NEC-5 issue a certificate, algorithm by profile
NEC-6 get leaf and CA certificates
NEC-7 renew: new serial number, perhaps a stronger algorithm
NEC-8 revoke: on the CRL with its reason
NEC-9 issue a symmetric key: AES-128, AES-256, TWINE-80, TWINE-128
NEC-10 get a symmetric key: the same bytes each time
NEC-11 renew a symmetric key: version + 1
NEC-12 delete a symmetric key: erased
NEC-13 verify a symmetric key or its check value
NEC-14 bulk get of symmetric keys
NEC-15 register a device
NEC-16 authenticate a device
NEC-17 disable
NEC-18 enable
NEC-19 update information
NEC-20 delete: its certificates are revoked
NEC-21 bulk register
NEC-22 bulk disable
NEC-23 bulk enable
NEC-24 bulk delete
NEC-25 bulk update
NEC-26 get a device
NEC-27 search devices
NEC-28 all certificates of a device
NEC-29 states; deleted ones stay listed
NEC-30 a deleted device's name is free again
NEC-31 device IDs are never used again
NEC-32 attributes
NEC-34 one action over a group
NEC-35 counts for a dashboard
NEC-36 groups with a renewal interval
NEC-37 unattended renewal: what is due, for whoever asks
NEC-38 a record of which device got which key when
NEC-39 licence key, then name and password; either failing denies
NEC-41 a PSK bootstraps a device, which then fetches its keys
NEC-42 one procedure for issue
NEC-43 renewal is the same procedure
NEC-44 an authentication answers with a principal
NEC-45 device state and authorisation are linked
NEC-51 private CA, or another behind the same interface
NEC-52 profiles for issue and renewal
NEC-53 a result names certificate, CA certificate, key number, serial number
NEC-54 subject fields, PEM or DER, file names
NEC-58 stored secrets are encrypted
NEC-63 quick answer to a broken algorithm or leaked key
NEC-64 a symmetric key may be shared by several devices
NAV-1 certificate, chain, root and private key
NAV-3 a private key is handed out once
NAV-4 certificate and chain at any time
NAV-5 a pending state
NAV-7 actions over a selection
NAV-8 search by device name and part of a serial number
NAV-9 many certificates to many devices, dated
NAV-10 detach
NAV-11 suspend at once, resume
NAV-12 delete for good
NAV-15 the server makes the key
PAP-1 CA and registry are separable
PAP-2 product credential and device certificate
PAP-4 register a product
PAP-5 product, credential and key come out
PAP-6 register a device with the product credential
PAP-7 the registry never sees the device's key
PAP-8 subject and ID are unique per entity
PAP-10 the device authenticates with its own certificate
PAP-11 the bootstrap identifies the product, never the unit
PAP-12 a proxy passes PSK credentials through in a header
PAP-13 a proxy passes the verified certificate; the registry authenticates from it
PAP-14 PSK and certificate coexist
PAP-15 no certificate without a record, no record without its certificate
SOL-2 renewal only where it is allowed
SOL-4 renewal after a rebuild of the CA
SOL-5 renewal retires the old certificate
SOL-11 expired certificates are listed and renewable with another proof
SOL-12 tenants
trap 1 delete, revoke and disable differ
trap 2 disabling acts at once; enabling undoes no revocation
trap 3 hand-out in two phases
trap 4 a secret that is only verified is kept as a keyed tag
trap 5 a product key may be extracted
trap 6 nothing identifying in certificates
trap 7 a subject names an entity
trap 8 only an explicit success is one
trap 9 issue, confirm, retire
trap 10 an expired one needs another proof, a revoked one never renews
trap 11 what other devices use is not revoked
trap 12 a clock at 1970 is a case
trap 13 a CSR is a request, not an order
trap 14 all or nothing, each on its own, request IDs
trap 15 a disabled device renews nothing
"""

AREA = re.compile(r"\b(NEC|NAV|PAP|CAM|SOL)-(?=\d)|\b[Tt]raps?\s+(?=\d)")
# What follows the area: numbers, ranges of them, and what joins them.
NUMBERS = re.compile(r"(\d+)(?:\s*\.\.=?\s*(\d+))?(?:(\s*(?:,|/|and|&|,\s*and)\s*)(?=\d))?")


def named(text):
    """The IDs that a text names."""
    found = set()
    for area in AREA.finditer(text):
        prefix = f"{area.group(1)}-" if area.group(1) else "trap "
        at = area.end()
        while match := NUMBERS.match(text, at):
            first, last = int(match.group(1)), int(match.group(2) or match.group(1))
            found |= {f"{prefix}{number}" for number in range(first, min(last, first + 99) + 1)}
            at = match.end()
            if not match.group(3):
                break
    return found


# A test with the comments and attributes before it.
TEST = re.compile(
    r"(?P<above>(?:[ \t]*//[^\n]*\n|[ \t]*#\[[^\n]*\n)*)[ \t]*#\[test\]\s*(?P<more>(?:#\[[^\n]*\n\s*)*)"
    r"fn (?P<name>\w+)"
)
FILE_COMMENT = re.compile(r"\A(?://![^\n]*\n)+")


def tests(text):
    """(name, IDs) of each test in a file: what stands above it, and within it up to the next test."""
    found = list(TEST.finditer(text))
    header = FILE_COMMENT.match(text)
    whole_file = named(header.group()) if header and found else set()
    for match, after in zip(found, [*found[1:], None]):
        body = text[match.end() : after.start() if after else len(text)]
        comments = "\n".join(re.findall(r"//[^\n]*", body))
        yield match.group("name"), named(match.group("above") + match.group("more")) | named(comments) | whole_file


def coverage(root):
    proofs = {}
    for pattern in ("core/tests/**/*.rs", "core/src/**/*.rs", "examples/**/*.rs", "bindings-*/**/*.rs"):
        for path in sorted(root.glob(pattern)):
            if "target" in path.relative_to(root).parts:
                continue
            for name, ids in tests(path.read_text()):
                for requirement in ids:
                    proofs.setdefault(requirement, []).append(f"{path.relative_to(root)}: {name}")
    return proofs


def covered():
    lines = [line.split() for line in COVERED.strip().splitlines()]
    return [" ".join(words[:2]) if words[0] == "trap" else words[0] for words in lines]


def self_test():
    assert named("NEC-21..23, NAV-9/10 and traps 1, 2 and 15.") == {
        "NEC-21", "NEC-22", "NEC-23", "NAV-9", "NAV-10", "trap 1", "trap 2", "trap 15",
    }
    assert named("PAP-6, 7 or SOL-11; SHA-1, P-256, NEC-5x") == {"PAP-6", "PAP-7", "SOL-11", "NEC-5"}
    text = "//! SOL-12: tenants\n\n/// NEC-5\n#[test]\nfn a() {\n    // trap 3\n}\n/// NEC-6\nfn no_test() {}\n"
    assert dict(tests(text)) == {"a": {"NEC-5", "trap 3", "NEC-6", "SOL-12"}}, dict(tests(text))
    assert list(tests("/// NEC-5\nfn no_test() {}\n")) == []
    assert len(set(covered())) == len(covered()) > 60
    print("requirements: the script can tell")


def main():
    if "--self-test" in sys.argv[1:]:
        return self_test()
    proofs = coverage(pathlib.Path(__file__).resolve().parent.parent)
    missing = [requirement for requirement in covered() if requirement not in proofs]
    if "--list" in sys.argv[1:]:
        for requirement in covered():
            print(f"{requirement}: {len(proofs.get(requirement, []))}")
            for proof in proofs.get(requirement, []):
                print(f"    {proof}")
    for requirement in missing:
        print(f"error: no test names {requirement}; write one, or name it in the one that proves it", file=sys.stderr)
    print(f"requirements: {len(covered()) - len(missing)} of {len(covered())} have a test")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
