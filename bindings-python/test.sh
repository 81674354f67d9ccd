#!/usr/bin/env bash
# Tests the Python binding as its users get it: the wheel, installed into an empty environment, used from another folder.
#
#   bindings-python/test.sh [what to tell pytest]
#
# CARGO_TARGET_DIR and CARGO_PROFILE (default dev) are respected. `bindings-python/test.sh --write-stub` writes the stub anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
tools=$root/.venv-python/bin
profile=${CARGO_PROFILE:-dev}
[ -x "$tools/maturin" ] || "$root/tools/setup-python.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1 PATH=$tools:$PATH

step() { printf 'test-python: %s\n' "$*"; }
# Runs a command that says something only if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
}

# The same features for both, so that it is compiled once. They add the description from which the stub is made.
step "the stub is what the module says of itself"
cd "$here"
quietly maturin generate-stubs --profile "$profile" --features stubs --out "$work/stubs"
if [ "${1:-}" = --write-stub ]; then
    cp "$work/stubs/tegata/_native.pyi" python/tegata/_native.pyi
    exit
fi
diff -u python/tegata/_native.pyi "$work/stubs/tegata/_native.pyi" || {
    echo "test-python: python/tegata/_native.pyi is stale; bindings-python/test.sh --write-stub writes it" >&2
    exit 1
}

step "the source distribution, and the wheel that it builds"
quietly maturin sdist --out "$work"
tar -xzf "$work"/tegata-*.tar.gz -C "$work"
cd "$work"/tegata-*/
quietly maturin build --profile "$profile" --features stubs --out "$work/wheels"

step "an empty environment"
cd "$work"
"$tools/python" -m venv --without-pip env
"$tools/python" -m pip --quiet --disable-pip-version-check --python env/bin/python install --no-index wheels/*.whl
env/bin/python -c 'import tegata; tegata.make_key("ed25519")'
# The tests need packages that the wheel does not: they are taken from the tools' environment, tegata from this one.
site=$("$tools/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$site" >"$(env/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tools.pth"

step "types"
env/bin/python -m mypy.stubtest tegata._native --concise
env/bin/python -m mypy --strict --no-incremental --cache-dir=/dev/null -p tegata
(cd "$here/tests" && "$work/env/bin/python" -m mypy --strict --no-incremental --cache-dir=/dev/null ./*.py "$root"/examples/python/*.py)

step "tests"
"$root/tools/with-postgres.sh" env/bin/python -m pytest -q -p no:cacheprovider --rootdir="$here/tests" "$here/tests" "$@"
