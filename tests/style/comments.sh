#!/bin/bash
# Comments are /* */, and every file of the library begins with a paragraph that says what it is for.
# usage: comments.sh [TREE]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"
status=0

found=$({ find include lib tools tests bench docs -path '*/planted' -prune -o -name '*.[ch]' -print 2>/dev/null || true; } | sort |
	xargs -r python3 "$here/source.py" slashes)
[ -z "$found" ] || {
	printf '%s\n' "$found" | sed 's/$/   <- write it as a block/'
	status=1
}

# A paragraph is a comment of at least two words before any code.
for file in $(find lib include -name '*.[ch]' 2>/dev/null | sort); do
	words=$(awk 'NR == 1 && !/^\/\*/ { exit }
		{ end = index($0, "*/"); text = end ? substr($0, 1, end - 1) : $0
		  gsub(/[^A-Za-z ]/, " ", text); n += split(text, unused, " ") }
		end { exit }
		END { print n + 0 }' "$file")
	[ "$words" -ge 2 ] || {
		echo "$file:1: begin with a comment that says what the file is for"
		status=1
	}
done
exit $status
