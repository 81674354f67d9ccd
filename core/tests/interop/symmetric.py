"""Opens wrapped keys and computes check values with pyca/cryptography.

The wrapping key is derived as the documentation of `wrapping_key` (core/src/symmetric/wrap.rs) says.

unwrap FILE PSK: FILE has a wrapped key in JSON a line; prints each key in hexadecimal, or - when it does not open.
check KEY..: prints for each AES key the CMAC-based check value and the truncated encryption of zeros.
wrap ALGORITHM KEY DEVICE KEYID NUMBER VERSION PSK: prints the wrapped octets in hexadecimal.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives import cmac, hashes, keywrap
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LABEL = "tegata key wrap 1"


def text(value):
    octets = value.encode()
    return len(octets).to_bytes(2, "big") + octets


def wrapping_key(psk, algorithm, device, key, number, version):
    info = text(LABEL) + text(device) + text(key)
    info += number.to_bytes(4, "big") + version.to_bytes(4, "big") + text(algorithm)
    return HKDF(hashes.SHA256(), 32, LABEL.encode(), info).derive(psk)


def unwrap(line, psk):
    it = json.loads(line)
    kek = wrapping_key(psk, it["algorithm"], it["device"], it["key"], it["number"], it["version"])
    method = {"aes-kw": keywrap.aes_key_unwrap, "aes-kwp": keywrap.aes_key_unwrap_with_padding}[it["method"]]
    try:
        return method(kek, base64.b64decode(it["wrapped"], validate=True)).hex()
    except keywrap.InvalidUnwrap:
        return "-"


def check(key):
    mac = cmac.CMAC(algorithms.AES(key))
    mac.update(bytes(16))
    zeros = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(bytes(16))
    return f"{mac.finalize()[:5].hex().upper()} {zeros[:3].hex().upper()}"


what, arguments = sys.argv[1], sys.argv[2:]
if what == "unwrap":
    file, psk = arguments
    for line in open(file, encoding="utf-8"):
        print(unwrap(line, bytes.fromhex(psk)))
elif what == "check":
    for key in arguments:
        print(check(bytes.fromhex(key)))
else:
    algorithm, key, device, name, number, version, psk = arguments
    kek = wrapping_key(bytes.fromhex(psk), algorithm, device, name, int(number), int(version))
    method = keywrap.aes_key_wrap_with_padding if algorithm == "twine-80" else keywrap.aes_key_wrap
    print(method(kek, bytes.fromhex(key)).hex())
