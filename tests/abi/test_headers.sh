#!/bin/bash
# Each public header alone: in C11, in C++11 and in C++17, twice, without a warning and without padding.
# Padding in an options struct is garbage that a later field would read.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
flags="-Wall -Wextra -Wpedantic -Wpadded -Wundef -Wshadow -Werror -fsyntax-only -Iinclude"
cxx=${CXX:-c++}
status=0
count=0

for header in include/orderly/*.h; do
	[ -e "$header" ] || continue
	for language in "${ORDERLY_CC:-cc} -x c -std=c11" "$cxx -x c++ -std=c++11" "$cxx -x c++ -std=c++17"; do
		# shellcheck disable=SC2086
		printf '#include <%s>\n#include <%s>\nextern int not_empty;\n' "${header#include/}" "${header#include/}" |
			$language $flags - || { echo "$header: not alone in: ${language##*/}"; status=1; }
	done
	count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "include/orderly: there is no header"; status=1; }
echo "$count headers"
exit $status
