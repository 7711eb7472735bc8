#!/bin/bash
# The ten longest functions; none over 60 lines, no file over 600. usage: lengths.sh [TREE]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
function_limit=60
file_limit=600
status=0

functions=$({ find lib tools -name '*.c' 2>/dev/null || true; } | sort |
	ctags -f - --quiet --language-force=C --kinds-C=f --fields=ne -L - |
	awk -F'\t' '!/^!/ { line = end = 0
		for (i = 4; i <= NF; i++) {
			if ($i ~ /^line:/) line = substr($i, 6)
			if ($i ~ /^end:/) end = substr($i, 5)
		}
		print end - line + 1, $1, $2 ":" line }' | sort -rn)
echo "longest functions:"
printf '%s\n' "$functions" | sed -n '1,10s/^/  /p'

long=$(printf '%s\n' "$functions" | awk -v limit=$function_limit '$1 > limit')
[ -z "$long" ] || {
	printf '%s\n' "$long" | sed "s/\$/   <- over $function_limit lines/"
	status=1
}
for file in $(find lib tools include -name '*.[ch]' 2>/dev/null | sort); do
	lines=$(wc -l <"$file")
	[ "$lines" -le $file_limit ] || {
		echo "$file: $lines lines   <- over $file_limit lines"
		status=1
	}
done
exit $status
