#!/usr/bin/env bash
# Builds and packs the Node.js binding, installs the package into an empty project without network or scripts, and runs all
# tests there: what is tested is what users get.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n== node: %s\n' "$*"; }

say "build and pack"
package=$("$here/pack.sh" dev "$work")

say "the generated files are fresh"
node "$here/generate.mjs" --check

say "install into an empty project"
mkdir "$work/project"
cd "$work/project"
echo '{ "name": "empty", "private": true, "version": "0.0.0" }' >package.json
npm install --silent --offline --ignore-scripts --no-fund --no-audit "$package"
test ! -e node_modules/tegata/src
test -s node_modules/tegata/LICENSE-MIT && test -s node_modules/tegata/README.md
node -e "require('tegata')"
node --input-type=module -e "import { Registry } from 'tegata'; if (typeof Registry.open !== 'function') process.exit(1);"

say "tests"
cp -r "$here/test" test
TEGATA_REPOSITORY=$repository "$repository/tools/with-postgres.sh" node --test test/*.test.mjs

say "TypeScript, strict"
mkdir types
cp "$here"/test/types/*.ts types/
cp -r "$here/node_modules/@types" "$here/node_modules/undici-types" node_modules/
cat >tsconfig.json <<'JSON'
{
  "compilerOptions": {
    "strict": true, "noUncheckedIndexedAccess": true, "exactOptionalPropertyTypes": true, "noEmit": true,
    "module": "nodenext", "target": "es2022", "lib": ["es2022"], "types": ["node"], "skipLibCheck": false
  },
  "include": ["types/*", "docs/*.mts"]
}
JSON
mkdir docs
node "$here/test/support/blocks.mjs" docs "$repository/docs/node.md" "$repository/README.md"
node "$here/node_modules/typescript/bin/tsc" --project tsconfig.json
# The examples are JavaScript; their use of the package is checked all the same.
mkdir example
cp "$repository"/examples/node/*.js "$repository"/examples/node/package.json example/
node "$here/node_modules/typescript/bin/tsc" --allowJs --checkJs --noEmit --module nodenext --target es2022 --types node \
    --strict --noImplicitAny false --useUnknownInCatchVariables false example/ca.js

say "the programs of docs/node.md and of the README"
for program in docs/*.mjs docs/*.cjs; do
    node "$program" >/dev/null || { echo "$program failed"; exit 1; }
done
# The TypeScript ones without their types.
for program in docs/*.mts; do
    node "$here/node_modules/typescript/bin/tsc" --module nodenext --target es2022 --types node --outDir docs/out "$program"
    node "docs/out/$(basename "${program%.mts}").mjs" >/dev/null
done

say "the example"
(cd example && node --test)

say "another platform is named"
message=$(node -e "
  Object.defineProperty(process, 'platform', { value: 'sunos' });
  try { require('tegata'); } catch (error) { console.log(error.message); }")
case $message in *sunos-x64*) ;; *) echo "the loader says: $message"; exit 1 ;; esac

say "all is well"
