#!/usr/bin/env bash
# Builds the device library for two ARM targets and lets its test program run there (in qemu): it makes a key and a request, a CA
# played by openssl answers, and the program checks the answer. The scenarios that need no registry run there too. Tells the sizes, of
# which the one on armv7 has a limit.
set -euo pipefail
cd "$(dirname "$0")"

limit=$((600 * 1024)) # octets of a whole stripped program on armv7
targets=(aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf)
warnings=(-std=c11 -Wall -Wextra -Werror -pedantic)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gnumake() { "${MAKE:-make}" --no-print-directory -s "$@"; }

python3 tests/scenarios/run.py write-device "$work/scenarios.c"

# Both in one go, since what runs on this machine (procedural macros) is then built once.
./build.sh --profile device --device $(printf -- '--target %s ' "${targets[@]}")
for target in "${targets[@]}"; do
    case $target in
    aarch64*) gnu=aarch64-linux-gnu qemu=qemu-aarch64 ;;
    *) gnu=arm-linux-gnueabihf qemu=qemu-arm ;;
    esac
    root=$work/$target folder=$work/$target/folder
    gnumake install DEVICE=1 TARGET="$target" DESTDIR="$root" PREFIX=/usr
    mkdir "$folder"
    export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
    read -ra cflags <<<"$(pkg-config --cflags tegata)"
    read -ra private <<<"$(pkg-config --static --libs-only-l tegata | sed "s/-ltegata//")"
    # libtegata inside the program, the C library of the system; and nothing that the program does not call.
    "$gnu-gcc" "${warnings[@]}" -Os -ffunction-sections "${cflags[@]}" tests/device.c \
        "$root/usr/lib/libtegata.a" "${private[@]}" -Wl,--gc-sections -Wl,--as-needed -s -o "$root/device" 2>"$root/log" ||
        { cat "$root/log" && exit 1; }
    "$gnu-gcc" "${warnings[@]}" -Os "${cflags[@]}" tests/device.c -L"$root/usr/lib" -ltegata -s -o "$root/device-shared"

    # Exactly what the header shows to programs for devices.
    nm -D --defined-only "$root/usr/lib/libtegata.so" | awk '{ print $3 }' | sort >"$root/exported"
    python3 tests/scenarios/run.py functions-device >"$root/declared"
    diff "$root/declared" "$root/exported"
    # And nothing of what registries are kept in.
    if grep -aiqE 'sqlite|postgres|tokio' "$root/usr/lib/libtegata.so"; then
        echo "test-device: $target: the device library has parts of a store" >&2
        exit 1
    fi

    # Inside and shared: the same work, one makes the request, the other one reads it.
    run=("$qemu" -L "/usr/$gnu")
    "${run[@]}" "$root/device" make "$folder"
    tests/ca.sh "$folder"
    "${run[@]}" "$root/device" check "$folder"
    "${run[@]}" -E LD_LIBRARY_PATH="$root/usr/lib" "$root/device-shared" check "$folder"

    # The scenarios that every language runs, those of them that need no registry.
    "$gnu-gcc" "${warnings[@]}" -Wno-unused-function -D_POSIX_C_SOURCE=200809L -Itests/scenarios "${cflags[@]}" "$work/scenarios.c" \
        -L"$root/usr/lib" -ltegata -o "$root/scenarios"
    "${run[@]}" -E LD_LIBRARY_PATH="$root/usr/lib" "$root/scenarios" "$folder" >"$root/scenarios.out"
    echo "test-device: $target: $(python3 tests/scenarios/run.py check-device "$root/scenarios.out")"

    size=$(stat -c %s "$root/device") so=$(stat -L -c %s "$root/usr/lib/libtegata.so")
    echo "test-device: $target: a program with the library inside has $size octets, libtegata.so $so"
    if [ "$gnu" = arm-linux-gnueabihf ] && [ "$size" -gt $limit ]; then
        echo "test-device: more than $limit octets" >&2
        exit 1
    fi
done
