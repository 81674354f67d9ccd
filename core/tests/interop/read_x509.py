"""Reads certificates and CRLs with pyca/cryptography and lints them with pkilint; prints what it saw, line by line."""

import contextlib
import io
import sys

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from pkilint.bin import lint_crl, lint_pkix_cert


def text(value):
    if isinstance(value, x509.KeyUsage):
        names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
        names += ["key_agreement", "key_cert_sign", "crl_sign"]
        return " ".join(name for name in names if getattr(value, name))
    if isinstance(value, x509.BasicConstraints):
        return f"ca={value.ca} path={value.path_length}"
    if isinstance(value, x509.ExtendedKeyUsage):
        return " ".join(oid.dotted_string for oid in value)
    if isinstance(value, x509.SubjectAlternativeName):
        return " ".join(str(name.value) for name in value)
    if isinstance(value, x509.SubjectKeyIdentifier):
        return value.digest.hex()
    if isinstance(value, x509.AuthorityKeyIdentifier):
        return f"{value.key_identifier.hex()} {value.authority_cert_issuer} {value.authority_cert_serial_number}"
    if isinstance(value, x509.CRLDistributionPoints):
        return " ".join(name.value for point in value for name in point.full_name)
    if isinstance(value, x509.AuthorityInformationAccess):
        kind = {AuthorityInformationAccessOID.OCSP: "ocsp", AuthorityInformationAccessOID.CA_ISSUERS: "ca"}
        return " ".join(f"{kind[access.access_method]}={access.access_location.value}" for access in value)
    if isinstance(value, x509.CertificatePolicies):
        return " ".join(policy.policy_identifier.dotted_string for policy in value)
    if isinstance(value, x509.CRLNumber):
        return str(value.crl_number)
    raise TypeError(value)


def extensions(of):
    for extension in of.extensions:
        yield f"{extension.oid._name}{' critical' if extension.critical else ''}: {text(extension.value)}"


def lint(linter, arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        linter(arguments)
    for line in out.getvalue().splitlines():
        if line.strip():
            print(f"pkilint {arguments[-1]}: {line.strip()}")


def certificate(file, issuer_file):
    read = x509.load_der_x509_certificate(open(file, "rb").read())
    issuer = x509.load_der_x509_certificate(open(issuer_file, "rb").read())
    read.verify_directly_issued_by(issuer)
    print(f"{file}: {read.version.name} {read.serial_number:x}")
    print(f"subject: {read.subject.rfc4514_string()}")
    print(f"validity: {read.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ} {read.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}")
    for line in extensions(read):
        print(line)
    lint(lint_pkix_cert.main, ["lint", "-s", "NOTICE", file])


def crl(file, issuer_file):
    read = x509.load_der_x509_crl(open(file, "rb").read())
    issuer = x509.load_der_x509_certificate(open(issuer_file, "rb").read())
    assert read.issuer == issuer.subject
    assert read.is_signature_valid(issuer.public_key())
    print(f"{file}: {read.last_update_utc:%Y-%m-%dT%H:%M:%SZ} {read.next_update_utc:%Y-%m-%dT%H:%M:%SZ}")
    for line in extensions(read):
        print(line)
    for entry in read:
        reasons = [extension.value.reason.value for extension in entry.extensions]
        print(f"revoked {entry.serial_number:x} {entry.revocation_date_utc:%Y-%m-%dT%H:%M:%SZ} {' '.join(reasons)}")
    lint(lint_crl.main, ["lint", "-t", "CRL", "-p", "PKIX", "-s", "NOTICE", file])


# Pairs of a file and its issuer's certificate.
arguments = sys.argv[1:]
for file, issuer in zip(arguments[::2], arguments[1::2]):
    (crl if file.endswith(".crl") else certificate)(file, issuer)
