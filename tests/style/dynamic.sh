#!/bin/bash
# What the library makes its users load: libzmq and libc, nothing else. usage: dynamic.sh [TREE [BUILD]]
set -euo pipefail
build=${2:-$ORDERLY_BUILD}
library=$build/liborderly.so
status=0

soname=$(readelf -dW "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
[ "$soname" = liborderly.so.0 ] || {
	echo "liborderly.so: SONAME is '$soname', not liborderly.so.0"
	status=1
}
for needed in $(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
	case "$needed" in
	libzmq.so.5 | libc.so.6 | ld-linux*) ;;
	*) echo "liborderly.so: needs $needed"; status=1 ;;
	esac
done
if readelf -dW "$library" | grep -E '\((RPATH|RUNPATH|TEXTREL)\)'; then
	echo "liborderly.so: carries a path or text relocations"
	status=1
fi
exit $status
