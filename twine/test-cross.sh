#!/usr/bin/env bash
# Builds the cipher with nothing but `core` and runs it, in qemu, on a Cortex-M3, on a Cortex-M0 and, with NEON, on aarch64: the published
# vectors, and many blocks against the paper written down naively.
set -euo pipefail
cd "$(dirname "$0")/cross"

target_dir=${CARGO_TARGET_DIR:-$PWD/../../target}/twine-cross

build() { # build TRIPLE LINKER LINK-ARGUMENT...
    local under=${1//-/_} flags=
    for argument in "${@:3}"; do
        flags+=" -C link-arg=$argument"
    done
    env "CARGO_TARGET_${under^^}_LINKER=$2" "CARGO_TARGET_${under^^}_RUSTFLAGS=$flags" \
        ../../tools/cargo-std.sh build --quiet --locked --release --target "$1" --target-dir "$target_dir" -Zbuild-std=core -Zbuild-std-features=compiler-builtins-mem
}
run() { # run NAME TRIPLE COMMAND...
    local said
    # qemu says what it has to say in between.
    said=$(timeout 60 "${@:3}" "$target_dir/$2/release/cross" 2>&1) && [[ $said == *"agree with the paper"* ]] || {
        echo "test-cross: $1: $said" >&2
        exit 1
    }
    echo "test-cross: $1: $(grep 'agree with the paper' <<<"$said")"
}
bare=(-nographic -monitor none -serial none -semihosting-config "enable=on,target=native" -kernel)

for triple in thumbv7m-none-eabi thumbv6m-none-eabi; do
    build $triple arm-none-eabi-ld "-T$PWD/cortex-m.ld"
done
build aarch64-unknown-linux-gnu aarch64-linux-gnu-gcc -nostartfiles -nostdlib -static

run Cortex-M3 thumbv7m-none-eabi qemu-system-arm -machine lm3s6965evb "${bare[@]}"
run Cortex-M0 thumbv6m-none-eabi qemu-system-arm -machine microbit "${bare[@]}"
run aarch64 aarch64-unknown-linux-gnu qemu-aarch64
