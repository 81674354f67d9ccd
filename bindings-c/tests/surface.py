#!/usr/bin/env python3
"""Whether tegata.h has all that the core offers: each operation of core/tests/operations.json, each variant of each enum, each error's code;
and whether its comments speak of C, not of Rust."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "scenarios"))

import header  # noqa: E402
from build import TYPES, snake  # noqa: E402
from compare import plain  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
# What C says in another way.
OTHERWISE = {
    "Crl.is_empty": ("tegata_crl", "len"),
    "CertificateExtensions.names": "tegata_certificate_names",
}


def missing_operations(found):
    for one in json.loads((ROOT / "core/tests/operations.json").read_text(encoding="utf-8")):
        name = one["operation"]
        area, _, method = name.partition(".")
        record = f"tegata_{snake(TYPES.get(area, area))}"
        if not method:
            wanted = "tegata_" + area
        elif area[0].isupper():
            wanted = f"{record}_{method}"
        else:
            wanted = f"tegata_{area}_{method}"
        wanted = OTHERWISE.get(name, wanted)
        if isinstance(wanted, tuple):
            record, method, wanted = *wanted, ""
        has_field = any(field == method for _, field in found.structs.get(record, []))
        if wanted not in found.functions and not has_field:
            yield f"{name}: there is neither {wanted}() nor {record}.{method}"


def variants(name):
    """The variants of an enum of the core, of all enums of this name."""
    for file in sorted((ROOT / "core/src").rglob("*.rs")):
        text = file.read_text(encoding="utf-8")
        for body in re.findall(rf"^(?:pub enum|    ) ?{name}(?:<.*?>)? \{{\n(.*?)^(?:    )?\}}", text, re.S | re.M):
            body = re.sub(r"//.*|\{[^{}]*\}|\([^()]*\)", "", body)
            listed = re.findall(r"^ +([A-Z]\w*)\b[^,;(]*,", body, re.M)
            if listed:
                yield file, listed


def missing_variants(found):
    for enum, listed in found.enums.items():
        have = {plain(one[len(enum) + 1:]) for one in listed}
        name = "".join(word.capitalize() for word in enum.removeprefix("tegata_").removesuffix("_type").split("_"))
        if name == "Status":
            name, have = "Kind", have - {"ok"}
        for file, core in variants(name):
            lost = [one for one in core if plain(one) not in have]
            if lost and set(map(plain, core)) & have:
                yield f"{enum}: {file.relative_to(ROOT)} has {', '.join(lost)} besides"


def wrong_codes():
    """Differences between tegata_codes.h and the core's table of errors."""
    text = (ROOT / "bindings-c/include/tegata_codes.h").read_text(encoding="utf-8")
    have = dict(re.findall(r'^#define (TEGATA_CODE_\w+) +"(.+)"$', text, re.M))
    table = json.loads((ROOT / "core/tests/errors.json").read_text(encoding="utf-8"))
    for code in sorted({one["code"] for one in table} ^ set(have.values())):
        yield f"{code} is in one of tegata_codes.h and the table of errors only"
    for name, code in have.items():
        if name != "TEGATA_CODE_" + code.upper().replace(".", "_"):
            yield f"{name} is {code}"


def rust_words():
    """Words of the core's own documentation that a C programmer cannot look up, line by line."""
    lines = (ROOT / "bindings-c/include/tegata.h").read_text(encoding="utf-8").splitlines()
    names = set(re.findall(r"\w+", " ".join(line for line in lines if "///" not in line)))
    operations = json.loads((ROOT / "core/tests/operations.json").read_text(encoding="utf-8"))
    methods = {one["operation"].rpartition(".")[2] for one in operations} - names
    for number, line in enumerate(lines, 1):
        comment = line.partition("///")[2]
        words = re.findall(r"\w+::\w+|``|\b(?:Ok|Err|Vec|Option|Result|Break|impl|unwrap)\b", comment)
        # At the beginning of a sentence, these are English.
        words += re.findall(r"(?<=[^.:] )(?:None|Some)\b", comment.strip())
        words += [word for word in re.findall(r"`(\w+)(?:\(\))?`", comment) if word in methods]
        yield from (f"tegata.h, line {number}: {word}" for word in words)


def main():
    found = header.read(ROOT / "bindings-c/include/tegata.h")
    wrong = [*missing_operations(found), *missing_variants(found), *wrong_codes(), *rust_words()]
    for one in wrong:
        print(one, file=sys.stderr)
    compared = sum(1 for enum in found.enums for _ in variants(
        "".join(w.capitalize() for w in enum.removeprefix("tegata_").removesuffix("_type").split("_"))))
    print(f"surface: {len(found.functions)} functions, {compared} enums of the core compared, {len(wrong)} gaps")
    return 1 if wrong or compared < 25 else 0


if __name__ == "__main__":
    sys.exit(main())
