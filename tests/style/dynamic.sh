#!/bin/bash
# What a library makes its users load: libzmq and libc; liborderly-graph liborderly, libc and the
# libraries of the graph (SQLite, PCRE2, xxHash, libyaml); liborderly-jobs SQLite, if it has that
# store, and libc; nothing else.
# usage: dynamic.sh [TREE [BUILD]]
set -euo pipefail
build=${2:-$ORDERLY_BUILD}
status=0

check() { # NAME NEEDED...
	local name=$1 library=$build/$1.so soname needed
	shift
	soname=$(readelf -dW "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
	[ "$soname" = "$name.so.0" ] || {
		echo "$name.so: SONAME is '$soname', not $name.so.0"
		status=1
	}
	for needed in $(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		case " $* libc.so.6 " in
		*" $needed "*) ;;
		*) [ "${needed#ld-linux}" != "$needed" ] || { echo "$name.so: needs $needed"; status=1; } ;;
		esac
	done
}

# In the build tree one library finds the other by a path; installed it looks beside itself (tests/consumer).
check_paths() { # NAME PATTERN
	if readelf -dW "$build/$1.so" | grep -E "$2"; then
		echo "$1.so: carries a path or text relocations"
		status=1
	fi
}

check liborderly libzmq.so.5
check_paths liborderly '\((RPATH|RUNPATH|TEXTREL)\)'
if [ -e "$build/liborderly-graph.so" ]; then
	check liborderly-graph liborderly.so.0 libsqlite3.so.0 libpcre2-8.so.0 libxxhash.so.0 libyaml-0.so.2
	check_paths liborderly-graph '\((RPATH|TEXTREL)\)'
fi
if [ -e "$build/liborderly-jobs.so" ]; then
	check liborderly-jobs libsqlite3.so.0
	check_paths liborderly-jobs '\((RPATH|RUNPATH|TEXTREL)\)'
fi
exit $status
