#!/usr/bin/env bash
# Makes this machine able to run the tests of the PostgreSQL store: the server's programs, of which the tests start their own on
# a free loopback port. Safe to repeat. Called by tools/setup.sh all.
set -euo pipefail

. "$(dirname "$0")/setup-cross.sh"

# Debian keeps the programs of each version in a folder of their own, out of the PATH.
programs() { find /usr/lib/postgresql/ -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1 | grep . || command -v initdb; }

# The server refuses to run as root; then it runs as the user that Debian makes for it, by means of setpriv.
[ "$(id -u)" != 0 ] || need setpriv util-linux
if ! programs >/dev/null; then
    # The tests start servers of their own; that Debian would make and start one is nobody's wish here.
    missing+=(postgresql-common)
    install_missing
    if [ -w /etc/postgresql-common/createcluster.conf ]; then
        sed -i 's/^#\? *create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    fi
    missing=(postgresql)
fi
install_missing

initdb=$(programs) || fail "PostgreSQL's initdb is not where Debian puts it, nor in the PATH"
say "$("${initdb%initdb}postgres" --version): ready"
