#!/usr/bin/env bash
# Runs cargo with a compiler that has the sources of Rust's standard library, so that it can be built for any target (-Zbuild-std).
#
#   cargo-std.sh build --target TRIPLE -Zbuild-std=core ...
#
# That is the Rust that is used here, or else that of Debian: rustc-web, cargo-web, rust-web-src. Elsewhere `rustup component add rust-src`.
set -euo pipefail

# The first cargo whose compiler has the sources.
for cargo in "${CARGO:-cargo}" /usr/bin/cargo; do
    rustc=${RUSTC:-rustc}
    [ "$cargo" != /usr/bin/cargo ] || rustc=/usr/bin/rustc
    sources=$("$rustc" --print sysroot 2>/dev/null || true)/lib/rustlib/src/rust/library
    [ ! -e "$sources/std/Cargo.toml" ] || break
    cargo=
done
if [ -z "$cargo" ]; then
    echo "cargo-std.sh: no Rust here has the sources of its standard library; see the top of this script" >&2
    exit 1
fi
# RUSTC_BOOTSTRAP lets a stable compiler build the standard library; nothing else here uses what is unstable.
exec env -u RUSTUP_TOOLCHAIN RUSTC="$rustc" RUSTC_BOOTSTRAP=1 "$cargo" "$@"
