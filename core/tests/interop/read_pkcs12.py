"""Reads a PKCS#12 file with pyca/cryptography and prints what is in it, or writes one: read FILE | write KEY CERT FILE."""

import sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

PASSWORD = b"pass word~1"

if sys.argv[1] == "read":
    store = pkcs12.load_pkcs12(open(sys.argv[2], "rb").read(), PASSWORD)
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = store.cert.certificate
    assert store.key.public_key().public_bytes(*spki) == own.public_key().public_bytes(*spki)
    print(f"{store.cert.friendly_name.decode()}: {own.subject.rfc4514_string()}")
    for other in store.additional_certs:
        print(other.certificate.subject.rfc4514_string())
else:
    key = serialization.load_pem_private_key(open(sys.argv[2], "rb").read(), None)
    certificate = x509.load_der_x509_certificate(open(sys.argv[3], "rb").read())
    encryption = serialization.BestAvailableEncryption(PASSWORD)
    with open(sys.argv[4], "wb") as file:
        file.write(pkcs12.serialize_key_and_certificates(b"python", key, certificate, None, encryption))
