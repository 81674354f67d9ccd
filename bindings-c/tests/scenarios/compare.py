"""Whether a result is what a scenario expects."""

import base64
import re
from datetime import datetime, timedelta, timezone

KEY_USAGES = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
              "cRLSign", "encipherOnly", "decipherOnly"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Missing(Exception):
    """A reference that leads nowhere."""


def plain(name):
    """`ecdsa-p256`, `keyCompromise`, `ECDSA_P256`, `KEY_COMPROMISE`: names of enums without their separators."""
    return re.sub(r"[-_]", "", name).lower()


def seconds(text):
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return int((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds())


def octets(value):
    """Bytes, however they are written; None for what is none."""
    if isinstance(value, dict):
        # Digits alone: records have fields of such a name, too.
        if set(value) == {"hex"} and isinstance(value["hex"], str):
            return bytes.fromhex(value["hex"])
        if "base64" in value:
            return base64.b64decode(value["base64"])
        if set(value) == {"text"}:
            return value["text"].encode()
        if set(value) == {"concat"}:
            return b"".join(octets(part) for part in value["concat"])
    return None


def follow(stored, reference):
    """What a reference stands for, from the results so far."""
    name, *path = reference.split(".")
    if name not in stored:
        raise Missing(reference)
    value = stored[name]
    for step in path:
        if isinstance(value, list):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        elif step == "is_empty":
            value = value["len"] == 0
        else:
            raise Missing(f"{reference} at {step}")
    return value


def resolved(expected, stored):
    """The expectation with its references replaced."""
    if isinstance(expected, str):
        if expected.startswith("$$"):
            return expected[1:]
        if expected.startswith("$"):
            return follow(stored, expected[1:])
        return expected
    if isinstance(expected, list):
        return [resolved(one, stored) for one in expected]
    if isinstance(expected, dict):
        if set(expected) == {"text"} or set(expected) == {"concat"}:
            made = {key: resolved(one, stored) for key, one in expected.items()}
            return {"hex": octets(made).hex()} if octets(made) is not None else made
        return {key: resolved(one, stored) for key, one in expected.items()}
    return expected


def differences(expected, actual, path="result"):
    """What is not as expected, each with its path."""
    if isinstance(expected, dict) and any(key.startswith("$") and key not in ("$enum", "$object") for key in expected):
        return [] if operator(expected, actual) else [f"{path} is {brief(actual)}, against {expected}"]
    if octets(expected) is not None:
        # C has no difference between no octets and none.
        same = octets(expected) == octets(actual) or (octets(expected) == b"" and actual is None)
        return [] if same else [f"{path} is {brief(actual)} instead of {brief(expected)}"]
    if isinstance(expected, dict) and "$enum" not in expected and "$object" not in expected:
        if not isinstance(actual, dict):
            return [f"{path} is {brief(actual)} instead of an object"]
        found = []
        for key, one in expected.items():
            if key == "is_empty" and "len" in actual:
                found += differences(one, actual["len"] == 0, f"{path}.{key}")
            elif key not in actual:
                found.append(f"{path} has no {key}")
            else:
                found += differences(one, actual[key], f"{path}.{key}")
        return found
    if isinstance(expected, list):
        actual = usages(actual)
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f"{path} is {brief(actual)} instead of {brief(expected)}"]
        return [d for i, (e, a) in enumerate(zip(expected, actual)) for d in differences(e, a, f"{path}.{i}")]
    return [] if equal(expected, actual) else [f"{path} is {brief(actual)} instead of {brief(expected)}"]


def usages(value):
    """The names of key usage bits."""
    is_bits = isinstance(value, int) and not isinstance(value, bool)
    return [name for bit, name in enumerate(KEY_USAGES) if value >> bit & 1] if is_bits else value


def equal(expected, actual):
    if isinstance(actual, dict) and "$enum" in actual:
        expected = expected["$enum"] if isinstance(expected, dict) else expected
        return isinstance(expected, str) and plain(expected) == plain(actual["$enum"])
    if isinstance(expected, str) and isinstance(actual, int) and TIME.fullmatch(expected):
        return seconds(expected) == actual
    if expected is None:
        return actual is None or octets(actual) == b""
    if isinstance(expected, dict):
        return expected == actual
    return type(expected) is type(actual) and expected == actual


def operator(expected, actual):
    (name, operand), = expected.items()
    text = plain(actual["$enum"]) if isinstance(actual, dict) and "$enum" in actual else actual
    if name in ("$match", "$begins", "$ends", "$holds") and isinstance(actual, int) and not isinstance(actual, bool):
        # What is searched like a text and is a number here is a time.
        text = (datetime(1970, 1, 1) + timedelta(seconds=actual)).isoformat() + "Z"
    if name == "$set":
        return operand == (actual is not None and actual not in ("", [], {}) and octets(actual) != b"")
    if name == "$len":
        return len(octets(actual) if octets(actual) is not None else actual) == operand
    if name == "$contains":
        actual = usages(actual)
        return isinstance(actual, list) and all(any(not differences(e, a) for a in actual) for e in operand)
    if name == "$not":
        return bool(differences(operand, actual))
    if name == "$begins":
        return isinstance(text, str) and text.startswith(operand)
    if name == "$ends":
        return isinstance(text, str) and text.endswith(operand)
    if name == "$holds":
        return isinstance(text, str) and operand in text
    if name == "$match":
        return isinstance(text, str) and re.fullmatch(operand, text) is not None
    raise ValueError(f"there is no operator {name}")


def brief(value):
    text = str(value)
    return text if len(text) < 300 else text[:300] + "..."
