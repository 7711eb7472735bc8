#!/bin/bash
# Libraries show ord_* and nothing else, and everything that their headers declare.
# usage: symbols.sh [TREE [BUILD]]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here"
cd "${1:-$here/../..}"
build=${2:-$ORDERLY_BUILD}
status=0

# The headers of liborderly-graph and liborderly-jobs; all others are of liborderly.
graph_headers=' graph.h graph_options.h proc.h watch.h context.h definition.h '
jobs_headers=' jobs.h '

declared_in() { # HEADERS...
	python3 - "$@" <<'END'
import re
import sys

import source

text = "\n".join(source.strip(source.read(path)) for path in sys.argv[1:])
print("\n".join(sorted(set(re.findall(r"\bORD_API\b[^;{]*?\b(ord_\w+)\s*\(", text)))))
END
}

core=() graph=() jobs=()
for header in include/orderly/*.h; do
	case "$graph_headers" in
	*" ${header##*/} "*) graph+=("$header") ;;
	*)
		case "$jobs_headers" in
		*" ${header##*/} "*) jobs+=("$header") ;;
		*) core+=("$header") ;;
		esac ;;
	esac
done
declared=$(declared_in "${core[@]}")
[ -n "$declared" ] || {
	echo "include/orderly: there is no function"
	status=1
}

check() { # LIBRARY NM-OPTIONS...
	local library=$1 shown name
	shift
	# The name of the version itself is an absolute symbol.
	shown=$(nm "$@" --defined-only "$build/$library" | awk 'NF == 3 && $2 != "A" { sub(/@.*/, "", $3); print $3 }')
	for name in $shown; do
		case "$name" in
		ord_*) ;;
		*) echo "$library: $name is visible"; status=1 ;;
		esac
	done
	for name in $declared; do
		grep -qx "$name" <<<"$shown" || { echo "$library: $name is declared and missing"; status=1; }
	done
}

check liborderly.so -D
check liborderly.a -g
# A build may be without the graph, or without job lists.
if [ "${#graph[@]}" -gt 0 ] && [ -e "$build/liborderly-graph.so" ]; then
	declared=$(declared_in "${graph[@]}")
	check liborderly-graph.so -D
	check liborderly-graph.a -g
fi
if [ "${#jobs[@]}" -gt 0 ] && [ -e "$build/liborderly-jobs.so" ]; then
	declared=$(declared_in "${jobs[@]}")
	check liborderly-jobs.so -D
	check liborderly-jobs.a -g
fi
exit $status
