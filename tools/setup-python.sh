#!/usr/bin/env bash
# Makes this machine able to test the Python binding: an environment .venv-python with maturin, mypy, pytest and cryptography. Safe to
# repeat. Called by tools/setup.sh all, which sees to python3 and its venv.
set -euo pipefail
cd "$(dirname "$0")/.."

list=bindings-python/requirements.txt
# The stamp is a copy of the list that was installed: another list, another install.
if ! cmp -s "$list" .venv-python/installed.txt || ! .venv-python/bin/python -c '' 2>/dev/null; then
    printf 'setup-python: %s\n' "Python packages into .venv-python"
    rm -rf .venv-python
    python3 -m venv .venv-python
    .venv-python/bin/python -m pip --quiet --disable-pip-version-check install -r "$list" </dev/null
    cp "$list" .venv-python/installed.txt
fi
printf 'setup-python: %s\n' "$(.venv-python/bin/maturin --version), $(.venv-python/bin/python --version): ready"
