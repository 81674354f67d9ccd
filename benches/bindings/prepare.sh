#!/usr/bin/env bash
# Builds what run.sh runs: each binding in release mode, under the target folder. Says `ready` at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
work=$target/bench-bindings
mkdir -p "$work"
work=$(cd "$work" && pwd)
release=$(cd "$target" && pwd)/release

# One package at a time: built together, they would share the features of all.
for package in tegata-python tegata-node tegata-c tegata-kotlin; do
    cargo build --quiet --release -p "$package" >&2
done

# Python: the package with its compiled half beside it.
rm -rf "$work/python" && mkdir -p "$work/python"
cp -r bindings-python/python/tegata "$work/python/tegata"
cp "$release/lib_native.so" "$work/python/tegata/_native.abi3.so"

# Node: likewise.
rm -rf "$work/node" && mkdir -p "$work/node"
cp -r bindings-node/{package.json,lib} bindings-node/*.js bindings-node/*.mjs "$work/node/"
cp "$release/libtegata_node.so" "$work/node/tegata.linux-x64-gnu.node"

# C: against the shared library, as a package would be: found under its SONAME.
rm -rf "$work/c" && mkdir -p "$work/c"
soname=$(objdump -p "$release/libtegata.so" | awk '$1 == "SONAME" { print $2 }')
cp "$release/libtegata.so" "$work/c/$soname"
ln -s "$soname" "$work/c/libtegata.so"
cc -O2 -std=c11 -Ibindings-c/include benches/bindings/enroll.c -o "$work/enroll-c" \
    -L"$work/c" -ltegata -Wl,-rpath,"$work/c" -lpthread

# Kotlin: its script builds the jar and the program when they are not there.
benches/bindings/kotlin.sh 10 1 >&2
echo ready
