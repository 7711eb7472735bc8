#!/bin/bash
# Builds without what is optional: no warning, the command says what is not there and how to get it, and who wants the
# rest installs it and builds against it. First as on a machine without the packages, then with all switched off.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$1"
	exit 1
}

# made WHAT OPTION...: configures and builds
made() {
	local what=$1
	shift
	cmake -S "$here/../.." -B "$work/build" -G Ninja -DCMAKE_C_COMPILER="${ORDERLY_CC:-cc}" -DCMAKE_BUILD_TYPE=Debug \
		-DCMAKE_C_FLAGS_DEBUG=-O0 -DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DORD_STACK_TRACE=OFF "$@" >"$work/log" 2>&1 &&
		cmake --build "$work/build" -- -j2 >"$work/built" 2>&1 ||
		{ cat "$work/log"; tail -40 "$work/built"; fail "it cannot be built $what"; }
	! grep -E 'warning:|CMake (Warning|Error)' "$work/log" "$work/built" || fail "warnings of a build $what"
}

# has WHAT PATTERN
has() { grep -q -- "$2" "$work/said" || { cat "$work/said"; fail "$1: no line like '$2'"; }; }

# absent NAME OPTION: a command that is not built in
absent() {
	"$work/build/orderly" "$1" >"$work/said" 2>&1 && fail "$1 is not built in, and it does not fail"
	has "orderly $1" "'$1' is not built in: configure with -D$2=ON, which needs lib.*-dev"
	"$work/build/orderly" help "$1" >"$work/said" 2>&1 && fail "$1 is not built in, and there is help"
	has "orderly help $1" "not built in"
}

export PKG_CONFIG_LIBDIR=$work/nothing
made "without packages"
cp "$work/log" "$work/said"
has "configuring" 'The graph is not built: it needs'
has "configuring" 'without the store sqlite:, which needs'
"$work/build/orderly" --version >"$work/said"
has "--version" '^built in: map jobs$'
has "--version" '^not built in: run graph ctx stack-trace$'
absent run ORDERLY_WITH_GRAPH
absent graph ORDERLY_WITH_GRAPH
absent ctx ORDERLY_WITH_GRAPH
[ "$("$work/build/orderly" map echo ::: a b </dev/null)" = $'a\nb' ] || fail "map does not work"
"$work/build/orderly" jobs add --store "sqlite:$work/list" a >"$work/said" 2>&1 && fail "there is no sqlite: and it does not fail"
has "jobs" "the store 'sqlite:' is not built in: install libsqlite3-dev"
env -u PKG_CONFIG_LIBDIR "$here/test_install.sh" "$work/build" >"$work/said" 2>&1 || { cat "$work/said"; fail "it cannot be installed and used"; }
for option in GRAPH JOBS; do
	cmake -DORDERLY_WITH_GRAPH=AUTO -DORDERLY_WITH_JOBS=AUTO "-DORDERLY_WITH_$option=ON" "$work/build" >"$work/said" 2>&1 &&
		fail "ORDERLY_WITH_$option=ON does not insist"
	has "ORDERLY_WITH_$option=ON" "ORDERLY_WITH_$option is ON"
done

made "without job lists" -DORDERLY_WITH_JOBS=OFF -DORDERLY_WITH_GRAPH=OFF
"$work/build/orderly" --version >"$work/said"
has "--version" '^built in: map$'
has "--version" '^not built in: run graph ctx jobs stack-trace$'
absent jobs ORDERLY_WITH_JOBS
