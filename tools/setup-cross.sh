# What tools/setup-c.sh and tools/setup-twine.sh share: naming what is missing and installing it, a Rust with the sources of its
# standard library among it. To be sourced.

name=$(basename "$0" .sh)
say() { printf '%s: %s\n' "$name" "$*"; }
fail() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 1
}

missing=()
need() { # need COMMAND PACKAGE...
    command -v "$1" >/dev/null 2>&1 || missing+=("${@:2}")
}

# The sources of the standard library: of the Rust that is used here, or else those of Debian's.
sources_of() { [ -e "$("$1" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/std/Cargo.toml" ]; }
need_sources() {
    if ! sources_of rustc && ! sources_of /usr/bin/rustc; then
        # Debian's rustup cannot stand beside Debian's Rust; where it is installed, it brings the sources itself.
        if dpkg -s rustup >/dev/null 2>&1; then
            rustup component add rust-src
        else
            missing+=(rustc-web cargo-web rust-web-src)
        fi
    fi
}

install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; } ||
        fail "please install (the names are Debian's packages): ${missing[*]}"
    # Debian's Rust lands in /usr/bin. That is harmless where another cargo comes first in PATH, or none at all; it must not replace
    # the one that everything else is built with.
    local before path folder
    before=$(command -v cargo || true)
    case " ${missing[*]} $before " in
    *" cargo-web "*/usr/bin/cargo* | *" cargo-web "*" /bin/cargo "*)
        # Debian's older `cargo` is there: its successor would take its place.
        dpkg -s cargo-web >/dev/null 2>&1 || say "Debian's cargo is replaced by its newer cargo-web"
        ;;
    *" cargo-web "*)
        if [ -n "$before" ]; then
            IFS=: read -ra path <<<"$PATH"
            for folder in "${path[@]}"; do
                [ "$folder" != "$(dirname "$before")" ] || break
                case $folder in
                /usr/bin | /bin) fail "put $(dirname "$before") before $folder in PATH: cargo-web, which the device build needs, would hide $before" ;;
                esac
            done
        fi
        ;;
    esac
    say "installing ${missing[*]}"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "${missing[@]}" </dev/null >/dev/null
    hash -r
    [ -z "$before" ] || [ "$(command -v cargo)" = "$before" ] || fail "cargo was $before and is now $(command -v cargo); look at PATH"
}
