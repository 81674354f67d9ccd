#!/usr/bin/env bash
# Makes this machine able to build and test tegata. Safe to repeat: what is there is left alone.
#
#   tools/setup.sh build   what `make demo` needs: Rust, a C compiler, openssl
#   tools/setup.sh all     also what the tests compare against: Java, sqlite3, strace, PostgreSQL, servers that take
#                          pre-shared keys, and the Python packages in .venv
#
# On Debian and its children, as root, missing tools are installed with apt. Elsewhere the script names what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

want=${1:-all}
case $want in
build | all) ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
rust_min=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; } # at_least WANTED FOUND
can_apt() { have apt-get && [ "$(id -u)" = 0 ]; }

apt_updated=
apt_update() {
    [ -n "$apt_updated" ] || apt-get -qq update
    apt_updated=yes
}
apt_install() {
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" </dev/null >/dev/null
}
# The version that apt would install of a package, without epoch and Debian revision; empty if it has none.
apt_candidate() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
}

# --- tools that are not Rust ---------------------------------------------------------------------------------------

packages=()
missing=()
need() { # need COMMAND PACKAGE
    have "$1" && return
    missing+=("$1")
    packages+=("$2")
}
need_header() { # need_header HEADER PACKAGE
    echo "#include <$1>" | cc -E - >/dev/null 2>&1 && return
    missing+=("$1")
    packages+=("$2")
}
need cc gcc # ring, SQLite and aws-lc are C; aws-lc-sys ships its bindings, so neither cmake nor clang is needed
need openssl openssl
[ -e /usr/include/stdio.h ] || [ "$(uname)" != Linux ] || packages+=(libc6-dev)
if [ "$want" = all ]; then
    need c++ g++ # libFuzzer, which comes as source
    need sqlite3 sqlite3
    [ "$(uname)" != Linux ] || need strace strace # lets system calls fail and records what is written
    need java default-jdk-headless # `java File.java` needs the compiler, so a JRE will not do
    if have java && ! java --list-modules 2>/dev/null </dev/null | grep -q '^jdk.compiler'; then
        missing+=("javac (a JDK)")
        packages+=(default-jdk-headless)
    fi
    need python3 python3
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        missing+=("python3 venv")
        packages+=(python3-venv)
    fi
    # Servers that read lists of pre-shared keys, and three libraries to make one of: 30 MB installed.
    PATH=$PATH:/usr/sbin need mosquitto mosquitto
    need mosquitto_pub mosquitto-clients
    need stunnel stunnel4
    need ocsptool gnutls-bin
    need_header gnutls/gnutls.h libgnutls28-dev
    need_header mbedtls/ssl.h libmbedtls-dev
    need_header wolfssl/ssl.h libwolfssl-dev
    # The tests start mosquitto themselves; that Debian would start one with the machine is nobody's wish here.
    if [[ " ${packages[*]-} " = *" mosquitto "* ]] && can_apt && [ -d /run/systemd/system ]; then
        say "the service of mosquitto is masked; \`systemctl unmask mosquitto\` if you want it"
        systemctl --quiet mask mosquitto.service || true
    fi
fi
if [ ${#packages[@]} -gt 0 ]; then
    can_apt || fail "please install: ${missing[*]} (on Debian: apt-get install ${packages[*]})"
    apt_update
    apt_install ca-certificates "${packages[@]}"
fi

# --- Rust ----------------------------------------------------------------------------------------------------------

cargo_version() { cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p'; }
rust_ready() {
    local found
    found=$(cargo_version)
    [ -n "$found" ] && at_least "$rust_min" "$found"
}
# Debian names the compiler for its browsers `-web`; it follows upstream where `cargo` stays as the release froze it.
install_rust_with_apt() {
    can_apt || return 1
    apt_update
    local flavour found
    for flavour in "" -web; do
        found=$(apt_candidate "cargo$flavour")
        if [ -n "$found" ] && at_least "$rust_min" "$found"; then
            if [ -n "$flavour" ]; then
                apt_install cargo-web rustc-web rustfmt-web rust-web-clippy
            else
                apt_install cargo rustc rustfmt rust-clippy
            fi
            return
        fi
    done
    if [ -n "$(apt_candidate rustup)" ]; then
        apt_install rustup
        rustup toolchain install stable --profile default --no-self-update
        return
    fi
    return 1
}
if ! rust_ready; then
    say "Rust $rust_min or newer is needed, found: $(cargo_version | grep . || echo none)"
    if have rustup; then
        rustup toolchain install stable --profile default --no-self-update || true
    else
        install_rust_with_apt || true
    fi
    hash -r
    rust_ready || fail "please install Rust $rust_min or newer (https://rustup.rs), and see that \`cargo --version\` finds it first"
fi
if [ "$want" = all ]; then
    for part in fmt clippy; do
        cargo "$part" --version >/dev/null 2>&1 && continue
        if have rustup; then
            rustup component add "$([ $part = fmt ] && echo rustfmt || echo clippy)"
        elif can_apt && dpkg -s cargo-web >/dev/null 2>&1; then
            apt_update
            apt_install rustfmt-web rust-web-clippy
        else
            fail "please install \`cargo $part\`"
        fi
    done
fi

# --- Python --------------------------------------------------------------------------------------------------------

if [ "$want" = all ]; then
    # The stamp is a copy of the list that was installed: another list, another install.
    if ! cmp -s tools/requirements.txt .venv/installed.txt || ! .venv/bin/python -c '' 2>/dev/null; then
        say "Python packages into .venv"
        rm -rf .venv
        python3 -m venv .venv
        .venv/bin/python -m pip --quiet --disable-pip-version-check install -r tools/requirements.txt </dev/null
        cp tools/requirements.txt .venv/installed.txt
    fi
fi

# --- what each binding's and the stores' tests need ----------------------------------------------------------------

if [ "$want" = all ]; then
    for what in python node c kotlin twine postgres; do
        "tools/setup-$what.sh"
    done
fi

say "$(cargo --version | cut -d' ' -f1,2), $(openssl version | cut -d' ' -f1,2): ready"
