#!/usr/bin/env bash
# What the Kotlin binding needs besides Rust, a C compiler and Python: a JDK (11 or newer) and Maven, which fetches the Kotlin
# compiler and JNA from Maven Central. Called by tools/setup.sh; safe to repeat.
set -euo pipefail

missing=()
command -v javac >/dev/null 2>&1 || missing+=(default-jdk-headless)
command -v mvn >/dev/null 2>&1 || missing+=(maven)
command -v strip >/dev/null 2>&1 || missing+=(binutils)
if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
        printf 'setup: please install: %s\n' "${missing[*]}" >&2
        exit 1
    fi
    printf 'setup: installing %s\n' "${missing[*]}"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi
printf 'setup: %s, %s: ready\n' "$(javac -version 2>&1)" "$(mvn --version 2>/dev/null | sed -n 's/.*\(Apache Maven [0-9.]*\).*/\1/p')"
