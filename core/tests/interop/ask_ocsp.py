"""Asks an OCSP responder with pyca/cryptography and lints the answers with pkilint: URL ISSUER CERTIFICATE..; prints what
it saw, line by line."""

import base64
import contextlib
import io
import sys
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from pkilint.bin import lint_ocsp_response


def read(file):
    return x509.load_der_x509_certificate(open(file, "rb").read())


def lint(der, name):
    with open("answer.ors", "wb") as out:
        out.write(der)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        lint_ocsp_response.main(["lint", "-s", "NOTICE", "answer.ors"])
    for line in said.getvalue().splitlines():
        if line.strip():
            print(f"pkilint {name}: {line.strip()}")


def fetch(url, der, get):
    if get:
        path = urllib.parse.quote(base64.b64encode(der), safe="")
        request = urllib.request.Request(f"{url}/{path}")
    else:
        request = urllib.request.Request(url, data=der, headers={"Content-Type": "application/ocsp-request"})
    with urllib.request.urlopen(request) as response:
        assert response.headers["Content-Type"] == "application/ocsp-response"
        kept = response.headers["Cache-Control"].split(",")
        return response.read(), ("kept" if "public" in " ".join(kept) and response.headers["ETag"] else kept[0])


def check(name, der, issuer, nonce):
    answer = ocsp.load_der_ocsp_response(der)
    delegate = answer.certificates[0]
    delegate.verify_directly_issued_by(issuer)
    delegate.public_key().verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
    digest = hashes.Hash(hashes.SHA1())
    digest.update(delegate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    assert digest.finalize() == answer.responder_key_hash
    assert delegate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    purposes = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]
    repeated = [extension.value.nonce for extension in answer.extensions]
    assert repeated == ([nonce] if nonce else []), repeated
    reason = answer.revocation_reason.value if answer.revocation_reason else ""
    print(f"{name}: {answer.response_status.name} {answer.certificate_status.name} {reason} {answer.hash_algorithm.name}")
    lint(der, name)


url, issuer_file, *files = sys.argv[1:]
issuer = read(issuer_file)
for file in files:
    for hash, nonce, get in [(hashes.SHA1(), None, True), (hashes.SHA256(), bytes(range(32)), False)]:
        builder = ocsp.OCSPRequestBuilder().add_certificate(read(file), issuer, hash)
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        request = builder.build().public_bytes(Encoding.DER)
        der, caching = fetch(url, request, get)
        check(f"{file} {'GET' if get else 'POST'} {caching}", der, issuer, nonce)
