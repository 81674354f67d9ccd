#!/usr/bin/env bash
# Fuzzes every target in core/fuzz (or the ones named), starting from the committed corpus.
#
#   tools/fuzz.sh [--asan] [--keep] [TARGET...]      FUZZ_SECONDS=10 for each target
#
#   --asan   nightly Rust with AddressSanitizer; without it any stable toolchain will do
#   --keep   add to the committed corpus the inputs that reached new code
#
# This is what cargo-fuzz does, without cargo-fuzz: the coverage pass is part of stable Rust, and libfuzzer-sys brings
# libFuzzer as source. What is lost without AddressSanitizer is memory errors inside C code; panics, overflows, hangs
# and runaway memory in Rust are found either way. An input that fails lands in core/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

asan=
keep=
while [[ ${1:-} == --* ]]; do
    case $1 in
    --asan) asan=yes ;;
    --keep) keep=yes ;;
    *)
        sed -n '2,7s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
    esac
    shift
done
if [ ! -f core/fuzz/Cargo.toml ]; then
    echo "fuzz: no fuzz targets here" >&2
    exit 1
fi
seconds=${FUZZ_SECONDS:-10}
if [ $# -gt 0 ]; then
    targets=("$@")
else
    targets=()
    for file in core/fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

toolchain=()
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1"
for pass in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$pass"
done
target_dir=${CARGO_TARGET_DIR:-target}/fuzz
if [ -n "$asan" ]; then
    toolchain=(+nightly)
    flags+=" -Zsanitizer=address"
    target_dir+=-asan
fi
host=$(rustc "${toolchain[@]}" -vV | sed -n 's/^host: //p')

bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
# --target, even for this very machine: only then do the flags stay out of build scripts and macros.
# Optimised, or it finds little; overflow checks and debug assertions stay on, as always in the dev profile.
RUSTFLAGS="$flags" CARGO_PROFILE_DEV_OPT_LEVEL=2 CARGO_PROFILE_DEV_DEBUG=line-tables-only \
    cargo "${toolchain[@]}" build --manifest-path core/fuzz/Cargo.toml --target "$host" --target-dir "$target_dir" "${bins[@]}"

work=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null; rm -rf "$work"' EXIT

fuzz() { # fuzz TARGET: one target, from its corpus
    local target=$1 corpus=core/fuzz/corpus/$1 artifacts=core/fuzz/artifacts/$1 program=$target_dir/$host/debug/$1
    local log=$work/$1.log seeds=0 runs
    mkdir -p "$work/$target" "$artifacts"
    if [ -d "$corpus" ]; then
        cp -R "$corpus/." "$work/$target/"
        seeds=$(find "$corpus" -type f | wc -l)
    fi
    if ! "$program" "$work/$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$artifacts/" >"$log" 2>&1 </dev/null; then
        printf 'fuzz: %s FAILED\n' "$target"
        tail -n 40 "$log"
        echo "fuzz: to see it again: $program $(ls -t "$artifacts"/* 2>/dev/null | head -n 1)" >&2
        return 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf 'fuzz: %s, %d seeds, %d s: ok, %s runs\n' "$target" "$seeds" "$seconds" "${runs:-?}"
    if [ -n "$keep" ]; then
        mkdir -p "$corpus"
        "$program" -merge=1 "$corpus" "$work/$target" >/dev/null 2>&1
    fi
}

# As many at once as there are processors; the first that fails ends it.
for target in "${targets[@]}"; do
    while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    fuzz "$target" &
done
while [ -n "$(jobs -p)" ]; do wait -n; done
