"""Reads tegata.h: its enums, structs and functions. Only as much C as cbindgen writes."""

import re
from dataclasses import dataclass, field


@dataclass
class Function:
    name: str
    returns: str
    parameters: list[tuple[str, str]]  # type, name


@dataclass
class Header:
    enums: dict[str, list[str]] = field(default_factory=dict)
    structs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # name -> (type, field)
    opaque: set[str] = field(default_factory=set)
    functions: dict[str, Function] = field(default_factory=dict)
    macros: dict[str, str] = field(default_factory=dict)


def declared(text):
    """`const char *const *items` -> its type and its name."""
    match = re.fullmatch(r"(.*?)(\w+)(\[\w+\])?", text.strip(), re.S)
    kind = re.sub(r"\s+", " ", match[1]).strip() + (" *" if match[3] else "")
    return kind, match[2]


def read(path, device=False):
    """The header; for `device`, without the registry."""
    header = Header()
    text = path.read_text(encoding="utf-8")
    if device:
        text = re.sub(r"^#if defined\(TEGATA_REGISTRY\)$.*?^#endif$", "", text, flags=re.M | re.S)
    header.macros = dict(re.findall(r"^#define (TEGATA_\w+) (.+)$", text, re.M))
    text = re.sub(r"//.*", "", text)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^\s*#.*(\\\n.*)*$", "", text, flags=re.M)
    for body, name in re.findall(r"typedef enum \{(.*?)\} (\w+);", text, re.S):
        header.enums[name] = re.findall(r"(TEGATA_\w+) =", body)
    for body, name in re.findall(r"typedef struct \{(.*?)\} (\w+);", text, re.S):
        # Callbacks are pointers to functions; nothing here calls them.
        fields = re.sub(r"[\w ]+\*?\(\*(\w+)\)\([^;]*\);", r"callback \1;", body)
        header.structs[name] = [declared(one) for one in fields.split(";") if one.strip()]
    header.opaque = set(re.findall(r"typedef struct (\w+) \1;", text))
    VALUES.update(header.enums)
    text = re.sub(r"typedef (enum|struct)[^;{]*(\{.*?\})? ?\w*;", "", text, flags=re.S)
    for returns, name, parameters in re.findall(r"([\w ]+?[ *]+)(tegata_\w+)\(([^)]*)\);", text):
        given = [] if parameters.strip() in ("", "void") else [declared(one) for one in parameters.split(",")]
        header.functions[name] = Function(name, re.sub(r"\s+", " ", returns).strip(), given)
    return header


def pointee(kind):
    """What a pointer type points to, without its const."""
    return re.sub(r"^const ", "", kind[:-1].strip()) if kind.endswith("*") else None


def is_output(kind):
    """Whether a parameter of this type is a place for a result."""
    inner = pointee(kind)
    is_value = inner is not None and (inner in ("bool", "size_t", "uint32_t", "uint64_t", "int64_t") or inner in VALUES)
    return kind.endswith("**") or (is_value and not kind.startswith("const"))


# Enums that are written to a place of the caller's; filled by `read`.
VALUES = set()
