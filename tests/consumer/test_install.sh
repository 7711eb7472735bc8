#!/bin/bash
# Installs into an empty prefix, moves it, and builds a user's project against it: with find_package in C and
# C++, with pkg-config, and with the static library.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$ORDERLY_BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc=${ORDERLY_CC:-cc}
cd "$work"

fail() {
	echo "$1"
	exit 1
}

quietly() {
	"$@" >log 2>&1 || { cat log; fail "failed: $*"; }
}

quietly cmake --install "$build" --prefix "$work/first"
mv first prefix
prefix=$work/prefix
libdir=$(dirname "$(find "$prefix" -name liborderly.so)")
for file in "$prefix/include/orderly/orderly.h" "$libdir/liborderly.so.0" "$libdir/liborderly.a" \
	"$libdir/pkgconfig/orderly.pc"; do
	[ -e "$file" ] || fail "not installed: ${file#"$prefix"/}"
done
if grep -rIl "$build\|$work/first" "$prefix"; then
	fail "a path of the build is in an installed file"
fi

quietly cmake -S "$here" -B user -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc"
quietly cmake --build user
user/in_c
user/in_cxx
# Until 1.0 another minor version is another interface.
sed 's/find_package(orderly 0.1/find_package(orderly 0.2/' "$here/CMakeLists.txt" >CMakeLists.txt
cp "$here"/use.c* .
cmake -S . -B other -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 && fail "0.1 passes for 0.2"

export PKG_CONFIG_PATH=$libdir/pkgconfig
[ "orderly $(pkg-config --modversion orderly)" = "$(user/in_c)" ] || fail "pkg-config: wrong version"
[ "$(pkg-config --cflags orderly | wc -w)" -eq 1 ] || fail "pkg-config: more than one flag: $(pkg-config --cflags orderly)"
# shellcheck disable=SC2046
quietly "$cc" -std=c11 -o by_pkg "$here/use.c" $(pkg-config --cflags --libs orderly) "-Wl,-rpath,$libdir"
./by_pkg
mv "$libdir"/liborderly.so* .
# shellcheck disable=SC2046
quietly "$cc" -std=c11 -o by_archive "$here/use.c" $(pkg-config --static --cflags --libs orderly)
./by_archive
mv liborderly.so* "$libdir"

# The graph is a library of its own, which brings the other.
if [ -e "$libdir/liborderly-graph.so" ]; then
	cat >graph.c <<'END'
#include <orderly/graph.h>

int
main(void)
{
	struct ord_graph *graph;
	int status = ord_graph_new(&graph, NULL);

	if (status == 0)
		status = ord_graph_add(graph, &ORD_PROC(.name = "all"));
	if (status == 0)
		status = ord_graph_run(graph, ORD_NAMES("all"));
	ord_graph_destroy(&graph);
	return status != 0;
}
END
	# shellcheck disable=SC2046
	quietly "$cc" -std=c11 -o by_graph graph.c $(pkg-config --cflags --libs orderly-graph) "-Wl,-rpath,$libdir"
	./by_graph
	readelf -dW "$libdir/liborderly-graph.so" | grep -E '\((RPATH|RUNPATH)\)' | grep -vF '[$ORIGIN]' &&
		fail "the installed library carries a path"
fi

# Job lists need neither the pool nor the graph.
if [ -e "$libdir/liborderly-jobs.so" ]; then
	cat >jobs.c <<'END'
#include <orderly/jobs.h>

int
main(void)
{
	struct ord_jobs *jobs;
	struct ord_job *job;
	int status = ord_jobs_new(&jobs, NULL);

	if (status == 0)
		status = ord_jobs_open(jobs, "memory:");
	if (status == 0)
		status = ord_jobs_add(jobs, &ORD_JOB(.name = "a"));
	while (status == 0 && ord_jobs_take(jobs, &job) == 0)
		;
	ord_jobs_destroy(&jobs);
	return status != 0;
}
END
	# shellcheck disable=SC2046
	quietly "$cc" -std=c11 -o by_jobs jobs.c $(pkg-config --cflags --libs orderly-jobs) "-Wl,-rpath,$libdir"
	./by_jobs
	mv "$libdir"/liborderly-jobs.so* .
	# shellcheck disable=SC2046
	quietly "$cc" -std=c11 -o by_jobs_archive jobs.c $(pkg-config --static --cflags --libs orderly-jobs)
	./by_jobs_archive
	mv liborderly-jobs.so* "$libdir"
fi

if [ -e "$prefix/bin/orderly" ]; then
	env -u LD_LIBRARY_PATH "$prefix/bin/orderly" --version || fail "the installed command does not run"
fi
