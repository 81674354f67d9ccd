#!/usr/bin/env bash
# Tests the C binding as its users get it: installed into a folder, found with pkg-config, compiled as C11 and C++17 without a
# warning, run plainly, under valgrind, and with the address and undefined behaviour sanitizers.
#
#   bindings-c/test.sh          everything here
#   bindings-c/test.sh quick    plainly only
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf 'test-c: %s\n' "$*"; }
fail() {
    printf 'test-c: %s\n' "$*" >&2
    exit 1
}
python=${PYTHON:-python3}
with_postgres=$PWD/tools/with-postgres.sh
cargo=${CARGO:-cargo}

# --- what is written down fits the sources ---------------------------------------------------------------------------

"$cargo" run --quiet --locked -p tegata-c-header -- "$work/tegata.h"
cmp "$work/tegata.h" bindings-c/include/tegata.h ||
    fail "tegata.h is stale: cargo run -p tegata-c-header -- bindings-c/include/tegata.h"
"$python" bindings-c/tests/surface.py

# --- install and compile ---------------------------------------------------------------------------------------------

"${MAKE:-make}" --no-print-directory -s -C bindings-c install PROFILE="${PROFILE:-dev}" DESTDIR="$work/root" PREFIX=/opt/tegata
export PKG_CONFIG_PATH=$work/root/opt/tegata/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root
export LD_LIBRARY_PATH=$work/root/opt/tegata/lib
nm -D --defined-only "$LD_LIBRARY_PATH/libtegata.so" | awk '{ print $3 }' | sort >"$work/exported"
"$python" - "$work/root/opt/tegata/include/tegata.h" >"$work/declared" <<'END'
import sys
from pathlib import Path
sys.path.insert(0, "bindings-c/tests/scenarios")
import header
print("\n".join(sorted(header.read(Path(sys.argv[1])).functions)))
END
diff "$work/declared" "$work/exported" || fail "the library exports other functions than tegata.h declares"

read -ra flags <<<"$(pkg-config --cflags --libs tegata)"
warnings=(-Wall -Wextra -Werror -pedantic -g -D_POSIX_C_SOURCE=200809L)
"$python" bindings-c/tests/scenarios/run.py write "$work/scenarios.c"
"$python" bindings-c/tests/misuse/generate.py >"$work/misuse.c"

build() { # build VARIANT COMPILER...
    local variant=$1
    shift
    mkdir -p "$work/$variant"
    local own=(-Ibindings-c/tests -Ibindings-c/tests/misuse -Ibindings-c/tests/scenarios)
    "$@" "${warnings[@]}" "${own[@]}" "$work/scenarios.c" -o "$work/$variant/scenarios" "${flags[@]}"
    "$@" "${warnings[@]}" "${own[@]}" "$work/misuse.c" -o "$work/$variant/misuse" "${flags[@]}"
    for program in host large secrets threads; do
        "$@" "${warnings[@]}" "${own[@]}" "bindings-c/tests/$program.c" bindings-c/tests/dictionary_store.c \
            -o "$work/$variant/$program" "${flags[@]}" -lcrypto -lpthread
    done
}

run() { # run NAME VARIANT WRAPPER...: every program, in folders of its own
    local place=$work/run-$1 programs=$work/$2 schema=c_${1//+/x}_$$
    shift 2
    mkdir -p "$place/files"
    "$python" bindings-c/tests/scenarios/run.py folders "$place/folders"
    "$@" "$programs/scenarios" "$place/folders" >"$place/scenarios.out"
    "$python" bindings-c/tests/scenarios/run.py check "$place/scenarios.out"
    for program in misuse host secrets threads; do
        (cd "$place/files" && "$@" "$programs/$program")
    done
    (cd "$place/files" && "$with_postgres" "$@" "$programs/large" "$schema")
}

build c gcc -std=c11
say "C11, plainly"
run plain c
if [ "${1:-}" != quick ]; then
    # valgrind takes as long as all the rest, and one processor: it goes on beside.
    say "C11, valgrind"
    # Rust keeps some memory to the end by pointers into its middle, which valgrind calls "possibly lost".
    run valgrind c valgrind -q --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite --error-exitcode=99 \
        --suppressions="$PWD/bindings-c/tests/valgrind.supp" >"$work/valgrind.log" 2>&1 &
    valgrind=$!
    say "C++17, plainly"
    build c++ g++ -x c++ -std=c++17
    run c++ c++
    say "C11, address and undefined behaviour sanitizers"
    build sanitized gcc -std=c11 -fsanitize=address,undefined -fno-sanitize-recover=all
    run sanitized sanitized
    wait "$valgrind" || {
        cat "$work/valgrind.log"
        fail "not clean under valgrind"
    }
    cat "$work/valgrind.log"
fi

# --- the parts with tests of their own -------------------------------------------------------------------------------

bindings-c/test-install.sh
bindings-c/test-programs.sh
say "all well"
