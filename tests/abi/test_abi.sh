#!/bin/bash
# The binary interface: what a program that is already built depends on stays as it was recorded.
# usage: test_abi.sh [TREE [BUILD]]
#        test_abi.sh --accept [BUILD]   write the records of this version anew (tests/abi/LIBRARY-VERSION.txt)
#
# Nothing that a released version had may go or move while the SONAME stays. What is new since the last release is
# named in docs/CHANGELOG.md, under "### ABI" of this version. A version that the changes call unreleased may still
# be changed; the record shows in the commit what was.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
what=check
tree=$here/../..
if [ "${1:-}" = --accept ]; then
	what=accept
	build=${2:-${ORDERLY_BUILD:-$tree/build/dev}}
else
	tree=${1:-$tree}
	build=${2:-${ORDERLY_BUILD:-$tree/build/dev}}
fi
status=0
for library in liborderly liborderly-graph liborderly-jobs; do
	[ -e "$build/$library.so" ] || [ "$library" = liborderly ] || continue
	python3 "$here/interface.py" "$what" "$tree" "$build" "$library" || status=$?
done
exit $status
