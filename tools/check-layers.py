#!/usr/bin/env python3
"""Checks the shape of the house: ARCHITECTURE.md says why it has this shape, this script keeps it so.

1. A module of `core/src` uses only modules that come before it in LAYERS (tests may use anything).
2. No source file has more than 600 lines outside its tests.

`check-layers.py --self-test` shows that it can fail.
"""

import pathlib
import re
import sys

# From the bottom of the house to the top. A new module gets a line here, at its floor.
LAYERS = [
    "error",
    "process",
    "callback",
    "env",
    "id",
    "secret",
    "der",
    "oid",
    "key",
    "symmetric",
    "x509",
    "pack",
    "model",
    "policy",
    "store",
    "registry",
    "est",
    "agent",
    "doctest",
]
# Errors carry times, and the clock answers with errors.
MAY_LOOK_UP = {("error", "env")}
MAX_LINES = 600
SOURCES = ["core/src", "core/fuzz/fuzz_targets", "examples", "benches", "bindings-*", "twine"]

TOKEN = re.compile(
    r"""
      (?P<comment>//[^\n]*)
    | (?P<block>/\*)
    | (?P<raw>\b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes))
    | (?P<string>\b(?:b|c)?"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*")
    | (?P<char>\bb?'(?:[^'\\\n]|\\.[^'\n]*)'|'(?:[^'\\\n]|\\.[^'\n]*)')
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text):
    """The text with comments and literals turned to spaces, line breaks kept."""
    out, at = [], 0
    while match := TOKEN.search(text, at):
        out.append(text[at : match.start()])
        end = match.end()
        if match.group("block"):
            depth = 1
            while depth and end < len(text):
                if text.startswith("/*", end):
                    depth, end = depth + 1, end + 2
                elif text.startswith("*/", end):
                    depth, end = depth - 1, end + 2
                else:
                    end += 1
        out.append(re.sub(r"[^\n]", " ", text[match.start() : end]))
        at = end
    out.append(text[at:])
    return "".join(out)


# Not `any(test, feature = "testing")`: that is shipped.
TEST_ATTRIBUTE = re.compile(r"#\[cfg\((?:test|doctest|all\(test\b)")
ATTRIBUTE = re.compile(r"\s*#!?\[")


def skip_group(text, at):
    """The index after the bracket group that opens at `at`."""
    depth = 0
    for index in range(at, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text)


def without_tests(text):
    """Blanks items under #[cfg(test)]. Returns the text, the names of modules that are files of tests, and the lines
    that the blanked items had."""
    test_modules, lines, at = set(), 0, 0
    while match := TEST_ATTRIBUTE.search(text, at):
        end = skip_group(text, match.start() + 1)
        while ATTRIBUTE.match(text, end):
            end = skip_group(text, text.index("[", end))
        if module := re.compile(r"\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;").match(text, end):
            test_modules.add(module.group(1))
        stop = re.compile(r"[;{]").search(text, end)
        if not stop:
            break
        end = stop.end() if stop.group() == ";" else skip_group(text, stop.start())
        item = text[match.start() : end]
        lines += item.count("\n") + 1
        text = text[: match.start()] + re.sub(r"[^\n]", " ", item) + text[end:]
        at = end
    return text, test_modules, lines


def split_group(text):
    """`a::{b, c::{d}}, e` at its top-level commas."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def first_names(text, at):
    """The first path segment, or segments if a brace group stands there, after `crate::` or `super::`."""
    if text.startswith("{", at):
        group = text[at + 1 : skip_group(text, at) - 1]
        return [re.match(r"(?:r#)?(\w+|\*)", part).group(1) for part in split_group(group)]
    name = re.compile(r"\s*(?:r#)?(\w+|\*)").match(text, at)
    return [name.group(1)] if name else []


def uses(text, depth):
    """(line, name) of everything reached through the crate root. `depth`: modules between the file and the root."""
    for match in re.finditer(r"\bcrate\s*::\s*", text):
        if not text[: match.start()].rstrip().endswith(("$", "in")):  # `$crate`, `pub(in crate::..)`
            for name in first_names(text, match.end()):
                yield text.count("\n", 0, match.start()) + 1, name
    for match in re.finditer(r"\b((?:super\s*::\s*)+)(?=[\w{*])", text):
        # Inside an inline `mod x {}` one super more stays in the file; those are rare, and this errs on the safe side.
        if match.group(1).count("super") == depth:
            for name in first_names(text, match.end()):
                yield text.count("\n", 0, match.start()) + 1, name


def root_names(lib):
    """What the root re-exports: name -> module."""
    names = {}
    for match in re.finditer(r"\bpub(?:\([^)]*\))?\s+use\s+(?:crate::|self::)?(\w+)::([^;]+);", lib):
        module, rest = match.groups()
        for part in split_group(rest.strip().removeprefix("{").removesuffix("}")) if "{" in rest else [rest]:
            name = re.split(r"\s+as\s+|::", part.strip())[-1].strip(" {}")
            names[name] = module
    # The root's own alias for results over its own error.
    names.setdefault("Result", "error")
    return names


def check_layers(root):
    source = root / "core/src"
    floors = {name: index for index, name in enumerate(LAYERS)}
    roots = root_names(blank((source / "lib.rs").read_text()))
    files = sorted(path for path in source.rglob("*.rs") if path.name != "lib.rs")
    texts, tests = {}, set()
    for path in files:
        texts[path], modules, _ = without_tests(blank(path.read_text()))
        home = path.parent if path.name == "mod.rs" else path.with_suffix("")
        tests |= {home / name for name in modules}
    for path in files:
        parts = path.relative_to(source).with_suffix("").parts
        if any(source.joinpath(*parts[: index + 1]) in tests for index in range(len(parts))):
            continue
        layer = parts[0]
        where = path.relative_to(root)
        if layer not in floors:
            yield f"{where}: module `{layer}` has no floor yet; add it to LAYERS in tools/check-layers.py"
            continue
        depth = len(parts) - (1 if parts[-1] == "mod" else 0)
        for line, name in uses(texts[path], depth):
            other = name if name in floors else roots.get(name)
            if name == "*":
                yield f"{where}:{line}: a glob import of the root hides which layers are used"
            elif other is None:
                if not name.isupper():  # a crate-level macro or constant
                    yield f"{where}:{line}: `{name}` is neither a layer nor re-exported by lib.rs"
            elif other in floors and floors[other] > floors[layer] and (layer, other) not in MAY_LOOK_UP:
                yield f"{where}:{line}: `{layer}` uses `{other}`, which stands on a higher floor"


def check_lengths(root):
    for pattern in SOURCES:
        for folder in sorted(root.glob(pattern)):
            for path in sorted(folder.rglob("*.rs")):
                if "target" in path.parts or "tests" in path.relative_to(root).parts or path.name == "tests.rs":
                    continue
                text = path.read_text()
                _, _, tests = without_tests(blank(text))
                lines = text.count("\n") - tests
                if lines > MAX_LINES:
                    yield f"{path.relative_to(root)}: {lines} lines without tests; past {MAX_LINES} split it by idea"



def self_test():
    import tempfile

    good = {
        "lib.rs": "pub mod error; pub mod store; pub use store::{Store, Row as R};\n",
        "error.rs": "// use crate::store::Store;\nconst A: &str = \"crate::store\"; const Q: char = '\"';\nuse crate::env::T;\n",
        "id.rs": "#[cfg(test)]\nmod tests { use crate::store::Store; }\nfn f<'a>(x: &'a u8) {}\n",
        "key/mod.rs": "#[cfg(test)]\nmod proof;\nuse super::error::E; use crate::{error::E as F, id};\n",
        "key/proof.rs": "use crate::registry::Registry;\n",
        "symmetric.rs": "#[cfg(test)]\nmod tests {\n" + "    // }\n" * MAX_LINES + "}\n",
        "store/mod.rs": "use crate::{Result, error};\n/* /* crate::agent */ crate::agent */\n",
    }
    bad = {
        "id.rs": "use crate::Store;\n",
        "key/mod.rs": "use super::store;\n",
        "key/deep/x.rs": "use super::super::super::store;\n",
        "x509/name.rs": "use crate::{error, registry::{a, b}};\n",
        "secret.rs": "fn f() { crate::store::open() }\n",
        "store/mod.rs": "use crate::*;\n",
        "cellar.rs": "\n",
        "model.rs": "use crate::R;\n",
        "policy.rs": "fn f() {}\n" * (MAX_LINES + 1),
    }
    for name, text in good.items() | bad.items():
        files = {"lib.rs": good["lib.rs"], name: text}
        if name == "key/proof.rs":
            files["key/mod.rs"] = good["key/mod.rs"]
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in files.items():
                file = root / "core/src" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
            found = [*check_layers(root), *check_lengths(root)]
        assert bool(found) == (bad.get(name) == text), (name, text[:80], found)
    print(f"check-layers: {len(good)} good and {len(bad)} bad files told apart")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(__file__).resolve().parent.parent
    found = [*check_layers(root), *check_lengths(root)]
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    print(f"layers and file lengths: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
