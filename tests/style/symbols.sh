#!/bin/bash
# Both libraries show ord_* and nothing else, and everything that a header declares.
# usage: symbols.sh [TREE [BUILD]]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here"
cd "${1:-$here/../..}"
build=${2:-$ORDERLY_BUILD}
status=0

declared=$(python3 - <<'END'
import glob
import re

import source

text = "\n".join(source.strip(source.read(path)) for path in glob.glob("include/orderly/*.h"))
print("\n".join(sorted(set(re.findall(r"\bORD_API\b[^;{]*?\b(ord_\w+)\s*\(", text)))))
END
)
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
exit $status
