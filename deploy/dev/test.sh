#!/usr/bin/env bash
# The tests that need no server of their own, or with `cluster` those that do, in processes side by side, since much of what they
# do is waiting: tests/functional in parts of every third file, tests/faults, and the rest; with `cluster` what stops its servers,
# too, which has a set of its own.
# Usage: deploy/dev/test.sh [cluster] [PYTEST ARGUMENTS]        With arguments it is pytest with these, in one process.
set -uo pipefail
cd "$(dirname "$0")/../.."
python=.venv/bin/python
marked="not bench and not cluster"
if [ "${1:-}" = cluster ]; then
	shift
	marked="cluster and not bench"
fi
pytest=("$python" -m pytest -m "$marked" --durations=8)
[ $# = 0 ] || exec "${pytest[@]}" "$@"

logs=$(mktemp -d)
others=()
trap 'kill "${others[@]}" 2>/dev/null; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

beside() { # NAME COMMAND…: its output is told at the end
	"${@:2}" >"$logs/$1" 2>&1 &
	others+=($!)
	echo "Beside this: $1, told at the end."
}

failed=0
for part in 0 1 2; do
	mapfile -t files < <(printf '%s\n' tests/functional/test_*.py | awk "NR % 3 == $part")
	beside "functional-$part" "${pytest[@]}" "${files[@]}"
done
beside faults "${pytest[@]}" tests/faults
if [ "$marked" = "cluster and not bench" ]; then
	MUNIMENT_CLUSTER_SET=stopped beside stopping "$python" -m deploy.dev.servers run -- "${pytest[@]}" tests/cluster
fi
"${pytest[@]}" --ignore=tests/functional --ignore=tests/faults --ignore=tests/cluster || failed=1
for other in "${others[@]}"; do wait "$other" || failed=1; done
cat "$logs"/*
exit $failed
