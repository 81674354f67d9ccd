#!/usr/bin/env bash
# Runs make targets and ends with what each took. Targets on both sides of a `+` run beside each other, since few of them keep
# all processors busy all the time; within a side they run one after the other. The first that fails ends everything.
#
#   tools/steps.sh lint test-rust + test-python test-node
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
lanes=()
end_all() { for lane in "${lanes[@]}"; do kill -- "-$lane" 2>/dev/null || true; done; }
trap 'end_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

run_lane() { # run_lane TARGET...: what a target says is shown in one piece when it has ended
    local target log start
    for target in "$@"; do
        log=$work/$target.log start=$SECONDS
        printf '== make %s ...\n' "$target"
        if "${MAKE:-make}" --no-print-directory "$target" </dev/null >"$log" 2>&1; then
            (flock 9 && printf '\n== make %s\n' "$target" && cat "$log") 9>"$work/lock"
            printf '%6d s  %s\n' $((SECONDS - start)) "$target" >>"$work/report"
        else
            (flock 9 && printf '\n== make %s\n' "$target" && cat "$log") 9>"$work/lock"
            printf 'FAILED: make %s, after %d s\n' "$target" $((SECONDS - start)) >>"$work/report"
            return 1
        fi
    done
}

set -m # each side is a process group of its own, so that it can be ended whole
begin=$SECONDS
side=()
for target in "$@" +; do
    if [ "$target" != + ]; then
        side+=("$target")
    elif [ ${#side[@]} -gt 0 ]; then
        run_lane "${side[@]}" &
        lanes+=($!)
        side=()
    fi
done
set +m # from here on nobody needs to hear of jobs
status=0
for _ in "${lanes[@]}"; do
    wait -n || {
        status=1
        break
    }
done
end_all
printf '\n'
cat "$work/report"
printf '%6d s  in all\n' $((SECONDS - begin))
exit $status
