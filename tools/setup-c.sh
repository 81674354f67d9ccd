#!/usr/bin/env bash
# Makes this machine able to test the C binding: compilers, valgrind, pkg-config, OpenSSL's headers; cross compilers, qemu and a Rust
# with the sources of its standard library for the device build. Safe to repeat. Called by tools/setup.sh all.
set -euo pipefail

. "$(dirname "$0")/setup-cross.sh"

need gcc gcc libc6-dev
need g++ g++
need make make
need valgrind valgrind libc6-dbg # valgrind reads the symbols of the dynamic linker
need pkg-config pkg-config
need openssl openssl
need objdump binutils
[ -e /usr/include/openssl/evp.h ] || missing+=(libssl-dev)
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
need arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
need qemu-aarch64 qemu-user
need qemu-arm qemu-user

need_sources
install_missing

sources_of rustc || sources_of /usr/bin/rustc || fail "no Rust here has the sources of its standard library"
say "$(gcc --version | head -n 1), $(valgrind --version), $(qemu-arm --version | head -n 1): ready"
