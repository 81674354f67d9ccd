#!/usr/bin/env bash
# Makes this machine able to test the TWINE cipher on other processors: qemu for Cortex-M and aarch64, their linkers, and a Rust with the
# sources of its standard library. Safe to repeat. Called by tools/setup.sh all.
set -euo pipefail

. "$(dirname "$0")/setup-cross.sh"

need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
need arm-none-eabi-ld binutils-arm-none-eabi
need qemu-aarch64 qemu-user
need qemu-system-arm qemu-system-arm
need_sources
install_missing

sources_of rustc || sources_of /usr/bin/rustc || fail "no Rust here has the sources of its standard library"
say "$(arm-none-eabi-ld --version | head -n 1), $(qemu-system-arm --version | head -n 1): ready"
