#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, on a free loopback port, whose address is in TEGATA_POSTGRES_URL:
#
#   tools/with-postgres.sh COMMAND ARGUMENTS..
#
# The server is gone when the command is, however that ends. Where an address is given already, or PostgreSQL is not installed,
# the command runs as it is.
set -euo pipefail

bin=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(command -v initdb || true)
if [ -n "${TEGATA_POSTGRES_URL:-}" ] || [ -z "$bin" ]; then exec "$@"; fi
bin=${bin%/initdb}

dir=$(mktemp -d)
# The server does not run as root; then it runs as the user that Debian made for it.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else "$@"; fi; }
finish() {
    [ ! -s "$dir/data/postmaster.pid" ] || as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
[ "$(id -u)" != 0 ] || chown postgres "$dir"
fail() {
    cat "$dir/log" >&2
    exit 1
}
as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || fail
# Somebody else may take the port between looking for it and listening there: then another one.
for attempt in 1 2 3; do
    port=$("${PYTHON:-python3}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c fsync=off -c shared_buffers=16MB"
    if as "$bin/pg_ctl" -D "$dir/data" -w -t 30 -o "$options" -l "$dir/data/server.log" start >>"$dir/log" 2>&1; then break; fi
    [ "$attempt" != 3 ] || { cat "$dir/data/server.log" >>"$dir/log"; fail; }
done
export TEGATA_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
"$@"
