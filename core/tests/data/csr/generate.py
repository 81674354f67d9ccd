#!/usr/bin/env python3
"""Makes the certification requests that `core/tests/csr_hostile.rs` reads.

Needs `openssl` and the Python package `cryptography`. Keys and signatures are new at every run, so run it only to
add a file, and commit what it wrote: ./generate.py [NAME ...] writes only the files named, or all.
"""

import base64
import pathlib
import random
import subprocess
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, ed448, padding, rsa

HERE = pathlib.Path(__file__).parent
WANTED = set(sys.argv[1:])


def save(name, data):
    if not WANTED or name in WANTED:
        (HERE / name).write_bytes(data)


# --- DER -------------------------------------------------------------------------------------------------------------


def tlv(tag, *content):
    content = b"".join(content)
    n = len(content)
    if n < 0x80:
        return bytes([tag, n]) + content
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def seq(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *parts)


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return tlv(6, out)


def bits(data, unused=0):
    return tlv(3, bytes([unused]), data)


def octets(*data):
    return tlv(4, *data)


def utf8(text):
    return tlv(0x0C, text.encode() if isinstance(text, str) else text)


def rdn(*attributes):
    return set_of(*(seq(oid(t), v if isinstance(v, bytes) else utf8(v)) for t, v in attributes))


CN, C, O, OU, DC, SERIAL = "2.5.4.3", "2.5.4.6", "2.5.4.10", "2.5.4.11", "0.9.2342.19200300.100.1.25", "2.5.4.5"
SUBJECT = seq(rdn((O, "Example")), rdn((CN, "pump-7")))
NULL = b"\x05\x00"

ECDSA = {1: "1.2.840.10045.4.1", 224: "1.2.840.10045.4.3.1", 256: "1.2.840.10045.4.3.2", 384: "1.2.840.10045.4.3.3",
         512: "1.2.840.10045.4.3.4"}
RSA = {"md5": "1.2.840.113549.1.1.4", 1: "1.2.840.113549.1.1.5", 224: "1.2.840.113549.1.1.14",
       256: "1.2.840.113549.1.1.11", 384: "1.2.840.113549.1.1.12", 512: "1.2.840.113549.1.1.13"}
HASH = {"md5": hashes.MD5(), 1: hashes.SHA1(), 224: hashes.SHA224(), 256: hashes.SHA256(), 384: hashes.SHA384(),
        512: hashes.SHA512()}


def spki_of(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign(key, info, h):
    """The AlgorithmIdentifier and the signature."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return seq(oid(ECDSA[h])), key.sign(info, ec.ECDSA(HASH[h]))
    if isinstance(key, rsa.RSAPrivateKey):
        return seq(oid(RSA[h]), NULL), key.sign(info, padding.PKCS1v15(), HASH[h])
    if isinstance(key, dsa.DSAPrivateKey):
        return seq(oid("2.16.840.1.101.3.4.3.2")), key.sign(info, HASH[h])
    if isinstance(key, ed448.Ed448PrivateKey):
        return seq(oid("1.3.101.113")), key.sign(info)
    return seq(oid("1.3.101.112")), key.sign(info)


P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
RSA2048 = rsa.generate_private_key(65537, 2048)


def csr(key=P256, h=256, version=0, subject=SUBJECT, spki=None, attributes=b"", info=None, algorithm=None,
        signature=None, after=b"", info_after=b""):
    """One request, right unless told otherwise. `attributes` is the content of [0], None leaves [0] out."""
    if info is None:
        info = seq(integer(version), subject, spki or spki_of(key), b"" if attributes is None else tlv(0xA0, attributes),
                   info_after)
    made_algorithm, made_signature = sign(key, info, h)
    return seq(info, algorithm or made_algorithm, bits(made_signature if signature is None else signature), after)


def attribute(type_, *values):
    return seq(oid(type_), set_of(*values))


EXTENSION_REQUEST, MICROSOFT, CHALLENGE = "1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14", "1.2.840.113549.1.9.7"
SAN, KU, EKU, BC = "2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19"


def extension(type_, value, critical=None):
    return seq(oid(type_), b"" if critical is None else tlv(1, bytes([critical])), octets(value))


def requested(*extensions, by=EXTENSION_REQUEST):
    return attribute(by, seq(*extensions))


def dns(name):
    return tlv(0x82, name)


def san(*names):
    return extension(SAN, seq(*names))


GOOD_SAN = san(dns(b"pump-7.local"))


def pem(der, label="CERTIFICATE REQUEST", newline="\n"):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return newline.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


# --- what openssl makes ------------------------------------------------------------------------------------------------


def openssl(name, *newkey, more=()):
    if WANTED and name not in WANTED:
        return
    subprocess.run(["openssl", "req", "-new", "-nodes", "-keyout", "/dev/null", "-newkey", *newkey, "-subj",
                    "/O=Example/CN=pump-7", *more, "-out", str(HERE / name)], check=True, capture_output=True)


EC = lambda curve, *more: ("ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", *more)
openssl("openssl-p256.pem", *EC("P-256"))
openssl("openssl-p256.der", *EC("P-256"), more=("-outform", "DER"))
openssl("openssl-p384.pem", *EC("P-384"))
openssl("openssl-ed25519.pem", "ed25519")
openssl("openssl-rsa2048.pem", "rsa:2048")
openssl("openssl-rsa3072.pem", "rsa:3072")
openssl("openssl-rsa4096.pem", "rsa:4096")
openssl("openssl-text.pem", *EC("P-256"), more=("-text",))
openssl("openssl-new-label.pem", *EC("P-256"), more=("-newhdr",))
openssl("openssl-extensions.pem", *EC("P-256"), more=(
    "-addext", "subjectAltName=DNS:pump-7.local,DNS:*.pump-7.local,IP:192.0.2.7,IP:2001:db8::7,email:ops@example.com,"
    "URI:urn:dev:mac:0024befffe804ff1,RID:1.2.3.4", "-addext", "keyUsage=critical,digitalSignature,keyAgreement",
    "-addext", "extendedKeyUsage=clientAuth,serverAuth", "-addext", "basicConstraints=CA:FALSE"))
openssl("openssl-multivalued.pem", *EC("P-256"), more=("-subj", "/DC=com/DC=example/OU=a/OU=b/CN=x+serialNumber=7"))
openssl("openssl-empty-subject.pem", *EC("P-256"), more=("-subj", "/", "-addext", "subjectAltName=critical,DNS:a.example"))
openssl("openssl-p521.pem", *EC("P-521"))
openssl("openssl-p224.pem", *EC("P-224"))
openssl("openssl-secp256k1.pem", *EC("secp256k1"))
openssl("openssl-brainpool.pem", *EC("brainpoolP256r1"))
openssl("openssl-explicit-curve.pem", *EC("P-256", "-pkeyopt", "ec_param_enc:explicit"))
openssl("openssl-ed448.pem", "ed448")
openssl("openssl-rsa-pss-key.pem", "rsa-pss", more=("-pkeyopt", "rsa_keygen_bits:2048"))
openssl("openssl-rsa-pss-signature.pem", "rsa:2048", more=("-sigopt", "rsa_padding_mode:pss"))
openssl("openssl-rsa1024.pem", "rsa:1024")
openssl("openssl-rsa-sha1.pem", "rsa:2048", more=("-sha1",))
openssl("openssl-rsa-md5.pem", "rsa:2048", more=("-md5",))
openssl("openssl-rsa-sha224.pem", "rsa:2048", more=("-sha224",))
openssl("openssl-rsa-exponent3.pem", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3")
openssl("openssl-ecdsa-sha1.pem", *EC("P-256"), more=("-sha1",))
openssl("openssl-ecdsa-sha512.pem", *EC("P-256"), more=("-sha512",))

# --- accepted, though unusual ----------------------------------------------------------------------------------------

GOOD = csr()
save("good.der", GOOD)
save("pem-crlf.pem", pem(GOOD, newline="\r\n"))
save("p384-sha256.der", csr(P384, 256))
save("p256-sha384.der", csr(P256, 384))
save("rsa-sha384.der", csr(RSA2048, 384))
save("rsa-sha512.der", csr(RSA2048, 512))
save("rsa-signature-without-null.der", csr(RSA2048, algorithm=seq(oid(RSA[256]))))
save("attributes-omitted.der", csr(attributes=None))
save("challenge-password.der", csr(attributes=attribute(CHALLENGE, utf8("correct horse"))))
save("challenge-password-bmp.der", csr(attributes=attribute(CHALLENGE, tlv(0x1E, "горячо".encode("utf-16-be")))))
save("unknown-attribute.der", csr(attributes=attribute("1.3.6.1.4.1.311.13.2.3", tlv(0x16, b"10.0.19045.2"))
                                  + attribute("1.2.3.4", NULL, integer(7))))
save("unknown-extension.der", csr(attributes=requested(extension("1.2.3.4", b"\xff\x00 not DER", 0xFF), GOOD_SAN)))
save("microsoft-extensions.der", csr(attributes=requested(GOOD_SAN, by=MICROSOFT)))
save("critical-false-written.der", csr(attributes=requested(extension(SAN, seq(dns(b"a.example")), 0))))
save("empty-extension-request.der", csr(attributes=requested()))
save("hardware-module-name.der", csr(attributes=requested(san(
    tlv(0xA0, oid("1.3.6.1.5.5.7.8.4"), tlv(0xA0, seq(oid("1.3.6.1.4.1.99999.1"), octets(b"\xff\xfe\x00\x80"))))))))
save("directory-name-in-san.der", csr(attributes=requested(san(tlv(0xA4, SUBJECT)))))
save("wants-ca.der", csr(attributes=requested(extension(BC, seq(tlv(1, b"\xff"), integer(3)), 0xFF),
                                              extension(KU, bits(b"\x06", 1), 0xFF))))
save("printable-subject.der", csr(subject=seq(rdn((C, tlv(0x13, b"JP"))), rdn((O, tlv(0x1E, "例".encode("utf-16-be")))),
                                              rdn((CN, tlv(0x14, b"caf\xe9"))))))
save("multivalued-unsorted.der", csr(subject=seq(rdn((SERIAL, tlv(0x13, b"7")), (CN, "x")))))

# --- structure -------------------------------------------------------------------------------------------------------

save("trailing-byte.der", GOOD + b"\x00")
save("two-requests.der", GOOD + GOOD)
save("two-requests.pem", pem(GOOD) + pem(GOOD))
save("trailing-in-pem.pem", pem(GOOD + b"\x00"))
save("trailing-in-request.der", csr(after=NULL))
save("trailing-in-info.der", csr(info_after=NULL))
save("trailing-in-attribute.der", csr(attributes=seq(oid(EXTENSION_REQUEST), set_of(seq(GOOD_SAN)), NULL)))
save("truncated.der", GOOD[:-1])
save("indefinite-length.der", b"\x30\x80" + GOOD[3:] + b"\x00\x00")
save("length-not-minimal.der", b"\x30\x82" + (len(GOOD) - 3).to_bytes(2, "big") + GOOD[3:])
save("wrong-label.pem", pem(GOOD, "CERTIFICATE"))
save("bad-base64.pem", pem(GOOD).replace(b"\nM", b"\n?", 1))
save("no-end.pem", pem(GOOD).split(b"-----END")[0])
save("empty.der", b"")
save("text.txt", b"this is not a request")
save("version-1.der", csr(version=1))
save("version-2.der", csr(version=2))
info_ = seq(integer(0), SUBJECT, spki_of(P256), tlv(0xA0))
algorithm_, signature_ = sign(P256, info_, 256)
save("signature-with-unused-bits.der", seq(info_, algorithm_, bits(signature_, 1)))
certificate = subprocess.run(["openssl", "req", "-x509", "-nodes", "-keyout", "/dev/null", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:P-256", "-subj", "/CN=x", "-outform", "DER"], check=True,
                             capture_output=True).stdout
save("a-certificate.der", certificate)

# --- attributes and extensions ---------------------------------------------------------------------------------------

save("extension-request-twice.der", csr(attributes=requested(GOOD_SAN) + requested(extension(KU, bits(b"\x80", 7)))))
save("extension-request-both-names.der", csr(attributes=requested(GOOD_SAN) + requested(GOOD_SAN, by=MICROSOFT)))
save("extension-request-two-values.der", csr(attributes=attribute(EXTENSION_REQUEST, seq(GOOD_SAN), seq(GOOD_SAN))))
save("extension-request-no-value.der", csr(attributes=attribute(EXTENSION_REQUEST)))
save("extension-twice.der", csr(attributes=requested(extension("1.2.3.4", NULL), extension("1.2.3.4", NULL))))
save("san-twice.der", csr(attributes=requested(GOOD_SAN, san(dns(b"evil.example")))))
save("challenge-password-twice.der", csr(attributes=attribute(CHALLENGE, utf8("a")) + attribute(CHALLENGE, utf8("b"))))
save("challenge-password-two-values.der", csr(attributes=attribute(CHALLENGE, utf8("a"), utf8("b"))))
save("challenge-password-no-text.der", csr(attributes=attribute(CHALLENGE, integer(5))))
save("unknown-attribute-twice.der", csr(attributes=attribute("1.2.3.4", NULL) * 2))
save("key-usage-no-bits.der", csr(attributes=requested(extension(KU, octets(b"\x80")))))
save("key-usage-trailing.der", csr(attributes=requested(extension(KU, bits(b"\x80", 7) + NULL))))
save("basic-constraints-broken.der", csr(attributes=requested(extension(BC, seq(tlv(1, b"\x01"))))))
save("purposes-empty.der", csr(attributes=requested(extension(EKU, seq()))))
save("critical-neither.der", csr(attributes=requested(extension("1.2.3.4", NULL, 1))))
save("extensions-65.der", csr(attributes=requested(*(extension(f"1.2.3.{i}", NULL) for i in range(65)))))

# --- names -----------------------------------------------------------------------------------------------------------

for name, value in {
    "nul": b"dns\0evil", "empty": b"", "star": b"*", "star-inside": b"a*.example", "two-stars": b"*.*.example",
    "empty-label": b"a..example", "leading-dot": b".example", "trailing-dot": b"a.example.", "space": b"a b.example",
    "not-ascii": "é.example".encode(), "address": b"192.0.2.1", "long-label": b"a" * 64 + b".example",
    "long": b"a." * 130 + b"example", "newline": b"a\n.example",
}.items():
    save(f"dns-{name}.der", csr(attributes=requested(san(dns(value)))))
save("san-empty.der", csr(attributes=requested(san())))
save("san-trailing.der", csr(attributes=requested(extension(SAN, seq(dns(b"a.example")) + NULL))))
save("san-not-a-sequence.der", csr(attributes=requested(extension(SAN, dns(b"a.example")))))
save("ip-5-octets.der", csr(attributes=requested(san(tlv(0x87, b"\1\2\3\4\5")))))
save("ip-8-octets.der", csr(attributes=requested(san(tlv(0x87, b"\1\2\3\4\5\6\7\x08")))))
save("email-without-host.der", csr(attributes=requested(san(tlv(0x81, b"ops@")))))
save("email-nul.der", csr(attributes=requested(san(tlv(0x81, b"ops@a.example\0")))))
save("uri-without-scheme.der", csr(attributes=requested(san(tlv(0x86, b"//a.example")))))
save("other-name-broken.der", csr(attributes=requested(san(tlv(0xA0, oid("1.2.3"), NULL)))))
save("x400-name.der", csr(attributes=requested(san(tlv(0xA3, NULL)))))
save("empty-rdn.der", csr(subject=seq(rdn((O, "Example")), set_of())))
save("cn-nul.der", csr(subject=seq(rdn((CN, "good.example\0evil.example")))))
save("cn-not-utf8.der", csr(subject=seq(rdn((CN, b"\x0c\x02\xff\xfe")))))
save("attribute-without-value.der", csr(subject=seq(set_of(seq(oid(CN))))))
save("attribute-two-values.der", csr(subject=seq(set_of(seq(oid(CN), utf8("a"), utf8("b"))))))
save("subject-type-no-oid.der", csr(subject=seq(set_of(seq(tlv(6, b"\x80\x01"), utf8("a"))))))
save("subject-65-attributes.der", csr(subject=seq(*(rdn((OU, str(i))) for i in range(65)))))
save("subject-9-kib.der", csr(subject=seq(rdn((CN, "a" * 9000)))))

# --- signatures ------------------------------------------------------------------------------------------------------

save("signature-bit-flipped.der", GOOD[:-1] + bytes([GOOD[-1] ^ 1]))
save("subject-altered.der", GOOD.replace(b"pump-7", b"pump-8"))
save("signed-by-another-key.der", csr(P256, spki=spki_of(ec.generate_private_key(ec.SECP256R1()))))
save("signature-empty.der", csr(signature=b""))
save("ed25519-signature-altered.der", csr(ED, signature=bytes(64)))
save("rsa-signature-altered.der", csr(RSA2048, signature=bytes(256)))
save("p256-with-rsa-algorithm.der", csr(P256, algorithm=seq(oid(RSA[256]), NULL)))
save("rsa-with-ecdsa-algorithm.der", csr(RSA2048, algorithm=seq(oid(ECDSA[256]))))
save("ed25519-with-ecdsa-algorithm.der", csr(ED, algorithm=seq(oid(ECDSA[256]))))
save("ecdsa-with-null.der", csr(P256, algorithm=seq(oid(ECDSA[256]), NULL)))
save("unknown-signature-algorithm.der", csr(P256, algorithm=seq(oid("1.2.3.4"))))

# --- keys ------------------------------------------------------------------------------------------------------------

point = P256.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
compressed = P256.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
hybrid = bytes([6 | point[-1] & 1]) + point[1:]
EC_KEY, P256_OID = "1.2.840.10045.2.1", oid("1.2.840.10045.3.1.7")


def ec_spki(point_, curve=P256_OID):
    return seq(seq(oid(EC_KEY), curve), bits(point_))


save("point-compressed.der", csr(spki=ec_spki(compressed)))
save("point-hybrid.der", csr(spki=ec_spki(hybrid)))
save("point-infinity.der", csr(spki=ec_spki(b"\x00")))
save("point-too-short.der", csr(spki=ec_spki(point[:-1])))
save("point-of-p384-on-p256.der", csr(spki=ec_spki(b"\x04" + bytes(96))))
save("point-not-on-curve.der", csr(spki=ec_spki(point[:-1] + bytes([point[-1] ^ 1]))))
save("curve-missing.der", csr(spki=ec_spki(point, b"")))
save("curve-null.der", csr(spki=ec_spki(point, NULL)))
save("spki-trailing.der", csr(spki=seq(seq(oid(EC_KEY), P256_OID), bits(point), NULL)))
save("spki-unused-bits.der", csr(spki=seq(seq(oid(EC_KEY), P256_OID), bits(point, 1))))
save("ed25519-with-null.der", csr(ED, spki=seq(seq(oid("1.3.101.112"), NULL), bits(bytes(32)))))
save("ed25519-31-octets.der", csr(ED, spki=seq(seq(oid("1.3.101.112")), bits(bytes(31)))))
save("x25519.der", csr(spki=seq(seq(oid("1.3.101.110")), bits(bytes(32)))))
save("ml-dsa-65.der", csr(spki=seq(seq(oid("2.16.840.1.101.3.4.3.18")), bits(bytes(1952)))))
save("dsa.der", csr(dsa.generate_private_key(2048)))
save("unknown-key-algorithm.der", csr(spki=seq(seq(oid("1.2.3.4")), bits(bytes(32)))))


def rsa_spki(n, e=65537, parameters=NULL):
    return seq(seq(oid("1.2.840.113549.1.1.1"), parameters), bits(seq(integer(n), integer(e))))


def is_prime(n):
    if any(n % p == 0 for p in SMALL if p < n):
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(20):
        x = pow(random.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


SMALL = [p for p in range(2, 1000) if all(p % q for q in range(2, int(p**0.5) + 1))]


def rsa_key(p, q):
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q))
    return numbers.private_key()


def infineon_prime():
    """A 1024-bit prime of the form that CVE-2017-15361 is about (Nemec and others, 2017: 126 primes for RSA-2048)."""
    m = 1
    for p in SMALL[:126]:
        m *= p
    while True:
        k = random.randrange((3 << 1022) // m, (1 << 1024) // m)
        p = k * m + pow(65537, random.randrange(1 << 200), m)
        if is_prime(p) and p.bit_length() == 1024 and (p - 1) % 65537:
            return p


def next_prime(n):
    n |= 1
    while not is_prime(n):
        n += 2
    return n


def wanted(*names):
    return not WANTED or WANTED & set(names)


if wanted("rsa-roca.der"):
    save("rsa-roca.der", csr(rsa_key(infineon_prime(), infineon_prime())))
if wanted("rsa-close-primes.der"):
    p = next_prime((3 << 1022) + random.randrange(1 << 1021))
    save("rsa-close-primes.der", csr(rsa_key(next_prime(p + (1 << 400)), p)))
n = RSA2048.public_key().public_numbers().n
save("rsa-small-factor.der", csr(RSA2048, spki=rsa_spki(((1 << 2047) // 101 + 2 | 1) * 101)))
save("rsa-even-modulus.der", csr(RSA2048, spki=rsa_spki(n - 1)))
save("rsa-even-exponent.der", csr(RSA2048, spki=rsa_spki(n, 65538)))
save("rsa-exponent-1.der", csr(RSA2048, spki=rsa_spki(n, 1)))
save("rsa-exponent-40-bits.der", csr(RSA2048, spki=rsa_spki(n, (1 << 40) + 1)))
save("rsa-negative-modulus.der", csr(RSA2048, spki=seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(
    seq(tlv(2, n.to_bytes(256, "big")), integer(65537))))))
save("rsa-without-null.der", csr(RSA2048, spki=rsa_spki(n, parameters=b"")))
save("rsa-2056.der", csr(rsa.generate_private_key(65537, 2056)))
save("rsa-2047.der", csr(RSA2048, spki=rsa_spki(n >> 1 | 1)))
save("rsa-8192.der", csr(RSA2048, spki=rsa_spki((n << 6144) + n)))
