#!/usr/bin/env bash
# Every test that needs no server of its own, in two processes side by side: what waits for archives that it starts, and the rest.
# Usage: deploy/dev/test.sh [PYTEST ARGUMENTS]        With arguments it is pytest with these, in one process.
set -uo pipefail
cd "$(dirname "$0")/../.."
pytest=(.venv/bin/python -m pytest -m "not bench and not cluster")
[ $# = 0 ] || exec "${pytest[@]}" "$@"

log=$(mktemp)
"${pytest[@]}" tests/browser tests/functional >"$log" 2>&1 &
other=$!
trap 'kill "$other" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

echo "Beside this: tests/browser and tests/functional, told when both are done."
"${pytest[@]}" --ignore tests/browser --ignore tests/functional
first=$?
wait "$other"
second=$?
cat "$log"
[ "$first" = 0 ] && [ "$second" = 0 ]
