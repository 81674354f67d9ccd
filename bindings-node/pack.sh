#!/usr/bin/env bash
# Builds the library (`dev` by default, or `release`) and packs it: `pack.sh [PROFILE] [FOLDER]` prints the file's name.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
profile=${1:-dev}
out=${2:-$here}
mkdir -p "$out"
out=$(cd "$out" && pwd)

target=${CARGO_TARGET_DIR:-$here/../target}
${CARGO:-cargo} build --quiet --manifest-path "$here/../Cargo.toml" -p tegata-node --profile "$profile"
[ "$profile" = dev ] && built=debug || built=$profile
# A new file in place of the old one: a process that has the old one loaded keeps it.
cp "$target/$built/libtegata_node.so" "$here/tegata.new"
mv "$here/tegata.new" "$here/tegata.linux-x64-gnu.node"

cp "$here/../LICENSE-MIT" "$here/../LICENSE-APACHE" "$here/"
# What is a link within the repository is none in the package.
sed "s/\[\([^]]*\)\](\.\.[^)]*)/\1/g" "$here/../docs/node.md" >"$here/README.md"
cd "$here"
file=$(npm pack --silent --ignore-scripts --pack-destination "$out")
rm -f LICENSE-MIT LICENSE-APACHE README.md
echo "$out/$file"
