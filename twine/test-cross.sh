#!/usr/bin/env bash
# Builds the cipher with nothing but `core` and runs it, in qemu, on a Cortex-M3, on a Cortex-M0 and, with NEON, on aarch64: the published
# vectors, and many blocks against the paper written down naively.
set -euo pipefail
cd "$(dirname "$0")/cross"

target_dir=${CARGO_TARGET_DIR:-$PWD/../../target}/twine-cross

# All in one go: the compiler then works on three processors at a time.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS # they would replace these
bare="-C link-arg=-T$PWD/cortex-m.ld"
export CARGO_TARGET_THUMBV7M_NONE_EABI_LINKER=arm-none-eabi-ld CARGO_TARGET_THUMBV7M_NONE_EABI_RUSTFLAGS=$bare
export CARGO_TARGET_THUMBV6M_NONE_EABI_LINKER=arm-none-eabi-ld CARGO_TARGET_THUMBV6M_NONE_EABI_RUSTFLAGS=$bare
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=-nostartfiles -C link-arg=-nostdlib -C link-arg=-static"
../../tools/cargo-std.sh build --quiet --locked --release --target-dir "$target_dir" \
    --target thumbv7m-none-eabi --target thumbv6m-none-eabi --target aarch64-unknown-linux-gnu \
    -Zbuild-std=core -Zbuild-std-features=compiler-builtins-mem

run() { # run NAME TRIPLE COMMAND...
    local said
    # qemu says what it has to say in between.
    said=$(timeout 60 "${@:3}" "$target_dir/$2/release/cross" 2>&1) && [[ $said == *"agree with the paper"* ]] || {
        echo "test-cross: $1: $said" >&2
        exit 1
    }
    echo "test-cross: $1: $(grep 'agree with the paper' <<<"$said")"
}
cortex=(-nographic -monitor none -serial none -semihosting-config "enable=on,target=native" -kernel)
run Cortex-M3 thumbv7m-none-eabi qemu-system-arm -machine lm3s6965evb "${cortex[@]}"
run Cortex-M0 thumbv6m-none-eabi qemu-system-arm -machine microbit "${cortex[@]}"
run aarch64 aarch64-unknown-linux-gnu qemu-aarch64
