#!/usr/bin/env bash
# Installs the library into a temporary folder, and from an empty folder elsewhere compiles, links and runs a program with
# nothing but what pkg-config says: as C11 and as C++17, against the shared and against the static library.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root prefix=/opt/tegata
"${MAKE:-make}" --no-print-directory -s install PROFILE="${PROFILE:-dev}" DESTDIR="$root" PREFIX=$prefix
cp tests/installed.c "$work"
mkdir "$work/empty"
cd "$work/empty"

export PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
libdir=$root$prefix/lib
fail() {
    echo "test-install: $*" >&2
    exit 1
}

soname=$(objdump -p "$libdir/libtegata.so" | awk '$1 == "SONAME" { print $2 }')
[ "$soname" = libtegata.so.0 ] || fail "the SONAME is $soname"
[ "$(readlink "$libdir/libtegata.so")" = libtegata.so.0 ] || fail "libtegata.so does not point to libtegata.so.0"
version=$(pkg-config --modversion tegata)
[ "$(readlink "$libdir/libtegata.so.0")" = "libtegata.so.$version" ] || fail "libtegata.so.0 does not point to version $version"
# Nothing but what begins with tegata_ may be seen from outside.
foreign=$(nm -D --defined-only "$libdir/libtegata.so" | awk '{ print $3 }' | grep -v '^tegata_' || true)
[ -z "$foreign" ] || fail "the library exports" $foreign

warnings=(-Wall -Wextra -Werror -pedantic)
read -ra flags <<<"$(pkg-config --cflags --libs tegata)"
read -ra static <<<"$(pkg-config --static --cflags --libs tegata)"
for language in c11 c++17; do
    case $language in
    c11) compiler=(gcc -std=c11 -x c) ;;
    *) compiler=(g++ -std=c++17 -x c++) ;;
    esac
    "${compiler[@]}" "${warnings[@]}" ../installed.c -x none "${flags[@]}" -o shared-$language
    objdump -p shared-$language | grep -q 'NEEDED *libtegata.so.0$' || fail "shared-$language does not ask for libtegata.so.0"
    LD_LIBRARY_PATH=$libdir ./shared-$language
    # The warnings of a static link are glibc's: its name service loads plugins all the same.
    "${compiler[@]}" "${warnings[@]}" ../installed.c -x none -static "${static[@]}" -o static-$language 2>link.log ||
        { cat link.log && exit 1; }
    ./static-$language
done

cd "$OLDPWD"
"${MAKE:-make}" --no-print-directory -s uninstall DESTDIR="$root" PREFIX=$prefix
left=$(find "$root" ! -type d)
[ -z "$left" ] || fail "uninstall left $left"
echo "test-install: C11 and C++17, shared and static: fine"
