#!/usr/bin/env bash
# The tests that need no server of their own, or with `cluster` those that do, in two processes side by side: what waits for
# archives that it starts, and the rest. What stops the servers that all share comes last, by itself.
# Usage: deploy/dev/test.sh [cluster] [PYTEST ARGUMENTS]        With arguments it is pytest with these, in one process.
set -uo pipefail
cd "$(dirname "$0")/../.."
marked="not bench and not cluster"
slow=(tests/functional)
alone=()
if [ "${1:-}" = cluster ]; then
	shift
	marked="cluster and not bench"
	alone=(tests/cluster)
fi
pytest=(.venv/bin/python -m pytest -m "$marked")
[ $# = 0 ] || exec "${pytest[@]}" "$@"

log=$(mktemp)
"${pytest[@]}" "${slow[@]}" >"$log" 2>&1 &
other=$!
trap 'kill "$other" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

failed=0
echo "Beside this: ${slow[*]}, told when both are done."
others=("${slow[@]/#/--ignore=}" "${alone[@]/#/--ignore=}")
"${pytest[@]}" "${others[@]}" || failed=1
wait "$other" || failed=1
cat "$log"
[ ${#alone[@]} = 0 ] || "${pytest[@]}" "${alone[@]}" || failed=1
exit $failed
