#!/usr/bin/env python3
"""Makes the Swift that is committed from what uniffi writes (standard output): swift.py FILE

Only white space at the ends of lines goes, and the defaults come that uniffi has none for: cases of enums.
"""

import pathlib
import re
import sys

# (record, field) -> the default of that parameter of its initialiser; as in native.py.
DEFAULTS = {
    ("NewAuthority", "algorithm"): ".ecdsaP256",
    ("IssueWithKey", "handOut"): ".now",
    ("RenewWithKey", "handOut"): ".now",
    ("NewProduct", "handOut"): ".now",
    ("EnrollmentPolicy", "mode"): ".open",
    ("EnrollmentPolicy", "otherKey"): ".quarantine",
    ("GroupChange", "certificateDays"): ".keep",
    ("GroupChange", "keyDays"): ".keep",
    ("ProfileSpec", "subject"): ".opaque()",
    ("ProfileSpec", "keys"): "[.ecdsaP256, .ecdsaP384, .ed25519]",
    ("ProfileSpec", "keyUsage"): "[.digitalSignature]",
    ("ProfileSpec", "extendedKeyUsage"): '["clientAuth"]',
    ("ProfileSpec", "suspend"): ".registry",
    ("Bulk", "atomicity"): ".each",
}

path = pathlib.Path(sys.argv[1])
text = re.sub(r"[ \t]+$", "", path.read_text(), flags=re.M).rstrip() + "\n"
if path.suffix == ".swift":
    for (record, field), value in DEFAULTS.items():
        pattern = rf"(public struct {record}\b(?:(?!public struct ).)*?public init\((?:(?!\) \{{).)*?\b{field}: [\w\[\]]+)(?= *\n? *[,)\n])"
        text, found = re.subn(pattern, rf"\1 = {value}", text, flags=re.S)
        if found != 1:
            sys.exit(f"swift.py: {record}.{field} was found {found} times: has uniffi changed?")
sys.stdout.write(text)
