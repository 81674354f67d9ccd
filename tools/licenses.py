#!/usr/bin/env python3
"""Checks licences, bans and sources of every dependency against deny.toml, on every platform and with all features.

A subset of `cargo deny check licenses bans sources` that needs no tool but cargo; `make deny` runs the real one.
"""

import collections
import json
import re
import subprocess
import sys
import tomllib

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def allowed(expression, allow):
    """Whether an SPDX expression can be met with allowed licences alone: OR needs one side, AND needs both."""
    tokens = re.findall(r"\(|\)|[\w.+-]+", expression.replace("/", " OR "))

    def either():
        result = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            right = both()
            result = result or right
        return result

    def both():
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            right = one()
            result = result and right
        return result

    def one():
        token = tokens.pop(0)
        if token == "(":
            result = either()
            if tokens.pop(0) != ")":
                raise ValueError(expression)
            return result
        if tokens and tokens[0] == "WITH":  # an exception grants more, it takes nothing away
            del tokens[:2]
        return token in allow

    result = either()
    if tokens:
        raise ValueError(expression)
    return result


def problems(metadata, rules):
    allow = set(rules["licenses"]["allow"])
    banned = {ban["name"]: ban["reason"] for ban in rules["bans"]["deny"]}
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        expression = package["license"]
        try:
            if not expression or not allowed(expression, allow):
                yield f"{name}: licence {expression or 'not named'} is not on the list in deny.toml"
        except (IndexError, ValueError):
            yield f"{name}: cannot read the licence expression {expression!r}"
        if package["name"] in banned:
            yield f"{name}: banned ({banned[package['name']]})"
        if package["source"] not in (None, CRATES_IO):
            yield f"{name}: comes from {package['source']}; only crates.io is allowed"


def main():
    # Without --all-features a switched-off dependency is not looked at; cargo fetches what it lacks.
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", "--locked"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    metadata = json.loads(run.stdout)
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)

    versions = collections.defaultdict(set)
    for package in metadata["packages"]:
        versions[package["name"]].add(package["version"])
    for name, found in sorted(versions.items()):
        if len(found) > 1:
            print(f"note: {name} comes in {len(found)} versions: {', '.join(sorted(found))}")

    found = list(problems(metadata, rules))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    print(f"licences, bans, sources: {len(metadata['packages'])} packages, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
