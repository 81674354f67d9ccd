#!/usr/bin/env bash
# Builds libtegata.so and libtegata.a.
#
#   build.sh [--profile release] [--device] [--target TRIPLE]...
#
# --device leaves out the registry and its stores. With --target, Rust's standard library is built along from its sources, without
# backtraces and for size: no prebuilt one is needed for any target, and the result is a third smaller. This takes a Rust
# that has its sources: that of Debian (rustc-web, cargo-web, rust-web-src) or rustup's (`rustup component add rust-src`),
# and GCC for the target, such as aarch64-linux-gnu-gcc. Several targets at once share what runs here.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=release
features=()
targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --profile) profile=$2 && shift 2 ;;
    --target) targets+=("$2") && shift 2 ;;
    --device) features=(--no-default-features) && shift ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
    esac
done
build=(build --locked --package tegata-c --profile "$profile" "${features[@]}")

if [ ${#targets[@]} = 0 ]; then
    exec "${CARGO:-cargo}" "${build[@]}"
fi

for target in "${targets[@]}"; do
    build+=(--target "$target")
    # Debian names its cross compilers arm-linux-gnueabihf-gcc, aarch64-linux-gnu-gcc ...
    gnu=${target/-unknown-/-}
    gnu=${gnu/#armv7-/arm-}
    under=${target//-/_}
    for setting in "CARGO_TARGET_${under^^}_LINKER=$gnu-gcc" "CC_$under=$gnu-gcc" "AR_$under=$gnu-ar"; do
        [ -n "$(printenv "${setting%%=*}" || true)" ] || export "${setting?}"
    done
done
exec tools/cargo-std.sh "${build[@]}" -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
