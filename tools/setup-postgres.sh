#!/usr/bin/env bash
# Makes this machine able to run the tests of the PostgreSQL store: the server's programs, of which the tests start their own on
# a free loopback port. Safe to repeat. Called by tools/setup.sh all.
set -euo pipefail

. "$(dirname "$0")/setup-cross.sh"

# Debian keeps the programs of each version in a folder of their own, out of the PATH.
bin=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(command -v initdb || true)
if [ -z "$bin" ]; then
    missing+=(postgresql)
    # The tests start servers of their own; that Debian would make and start one is nobody's wish here.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
fi
# The server refuses to run as root; then it runs as the user that Debian makes for it, by means of setpriv.
[ "$(id -u)" != 0 ] || need setpriv util-linux
install_missing

bin=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(command -v initdb) || fail "PostgreSQL's initdb is not where Debian puts it, nor in the PATH"
say "$("${bin%initdb}postgres" --version): ready"
