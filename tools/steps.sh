#!/usr/bin/env bash
# Runs make targets one after the other, stops at the first that fails, and ends with what each took.
set -euo pipefail
cd "$(dirname "$0")/.."

report=
begin=$SECONDS
for target in "$@"; do
    printf '\n== make %s\n' "$target"
    start=$SECONDS
    if ! "${MAKE:-make}" --no-print-directory "$target" </dev/null; then
        printf '\n%sFAILED: make %s, after %d s\n' "$report" "$target" $((SECONDS - start)) >&2
        exit 1
    fi
    report+=$(printf '%6d s  %s' $((SECONDS - start)) "$target")$'\n'
done
printf '\n%s%6d s  in all\n' "$report" $((SECONDS - begin))
