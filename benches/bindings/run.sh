#!/usr/bin/env bash
# run.sh LANGUAGE COUNT THREADS: prints the microseconds of one enrollment, with what prepare.sh built.
set -euo pipefail
cd "$(dirname "$0")"

language=$1 count=$2 threads=$3
work=${CARGO_TARGET_DIR:-../../target}/bench-bindings
case $language in
python) PYTHONPATH=$work/python exec python3 enroll.py "$count" "$threads" ;;
node) TEGATA_NODE=$(cd "$work/node" && pwd) exec node enroll.mjs "$count" "$threads" ;;
c) exec "$work/enroll-c" "$count" "$threads" ;;
kotlin) exec ./kotlin.sh "$count" "$threads" ;;
*)
    echo "run.sh: there is no $language" >&2
    exit 2
    ;;
esac
