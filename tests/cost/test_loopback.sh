#!/bin/bash
# What a plain task costs in instructions, from submit to its callback and through the worker in between
# (bench/loopback), against the figure that is kept in loopback.txt. The figure may fall; who lets it rise says
# in the commit why, and writes the new one there. Another compiler makes other code, so only the one that the
# figure is from is held to it.
set -eu
source=$ORDERLY_SOURCE build=$ORDERLY_BUILD/cost
command -v valgrind >/dev/null || { echo "valgrind is not installed: skipped"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "the figure is one of x86-64: skipped"; exit 77; }

cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
	-DORD_BENCH=ON >/dev/null
nice cmake --build "$build" --target bench.bench_loopback >/dev/null

count() {
	valgrind --tool=callgrind --callgrind-out-file="$build/$1.out" "$build/bench/bench_loopback" "$1" \
		>/dev/null 2>"$build/$1.err" || { cat "$build/$1.err"; exit 1; }
	awk '/^totals:/ { print $2 }' "$build/$1.out"
}

few=$(count 20000) many=$(count 120000)
kept=$(awk '$1 == "instructions" { print $2 }' "$source/tests/cost/loopback.txt")
compiler=$(awk '$1 == "compiler" { print $2, $3 }' "$source/tests/cost/loopback.txt")
measured=$(((many - few) / 100000))
echo "$measured instructions a task; $kept are kept"

[ "$measured" -gt 50 ] || { echo "that cannot be: the bench does nothing"; exit 1; }
ours="$(basename "$(readlink -f "$ORDERLY_CC")" | sed 's/.*\(gcc\|clang\).*/\1/') $("$ORDERLY_CC" -dumpversion)"
if [ "$ours" != "$compiler" ]; then
	echo "made by $ours, and the figure by $compiler: not compared"
	exit 0
fi
# One in a hundred is what a change of the libraries around may make.
if [ $((measured * 100)) -gt $((kept * 101)) ]; then
	echo "a task has become dearer: see where with callgrind_annotate $build/120000.out"
	exit 1
fi
[ $((measured * 100)) -ge $((kept * 98)) ] || echo "a task has become cheaper: write $measured into tests/cost/loopback.txt"
