# For the tests of the command: sourced first. Gives each test a folder of its own to stand in, the function
# `map` and some checks; at the end no process that the test started may be left.
set -u
export LC_ALL=C
unset ORDERLY_SEQ ORDERLY_SLOT NO_COLOR COLUMNS
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_tree=$(cd "$here/../.." && pwd)
: "${ORDERLY:?the path of the command}"
work=$(mktemp -d)
mark=orderly-test-$$-$(basename "$work")
failures=0
checks=0
cd "$work" || exit 1

# The command, with a deadline; all that it starts carries the mark.
orderly() { ORDERLY_TEST_MARK=$mark timeout -k 60 600 "$ORDERLY" "$@"; }
map() { orderly map "$@"; }
run() { orderly run "$@"; }
jobs() { orderly jobs "$@"; }

# runs STATUS STDOUT ARGUMENT...: the exit status and the output of run; what it says is in the file stderr
runs() {
	local status=$1 out=$2 found
	shift 2
	found=$(run "$@" </dev/null 2>stderr)
	same "exit status of run $*" "$status" "$?"
	same "output of run $*" "$out" "$found"
}

# needs_run: without the graph's library there is nothing to test
needs_run() {
	"$ORDERLY" --version | grep -q '^built in:.* run' && return
	echo "skipped: orderly run is not built"
	finish
}

# needs_jobs [sqlite]: the same without the library of lists, or without their usual store
needs_jobs() {
	"$ORDERLY" --version | grep -q '^built in:.* jobs' && { [ $# -eq 0 ] || "$ORDERLY" jobs add probe 2>/dev/null; } || {
		echo "skipped: orderly jobs, or its store sqlite:, is not built"
		finish
	}
	rm -f jobs.sqlite*
}

# says STATUS WORD ARGUMENT...: the exit status of jobs, and a word of what it complains about
says() {
	local status=$1 word=$2
	shift 2
	jobs "$@" >found 2>stderr </dev/null
	same "exit status of jobs $*" "$status" "$?"
	has "jobs $* says so" "$(cat stderr found)" "$word"
}

# states: how many jobs of the list are in which state
states() { jobs status --json | grep -o '"counts":{[^}]*}' | tr -d '"{}' | tr ',' '\n' | grep -vE ':0$|total' | sed 's/counts://' | tr '\n' ' '; }

# each_job_once: two takers at once
each_job_once() {
	jobs add --range 40
	jobs work -j2 'echo {}' >one 2>stderr1 &
	jobs work -j2 'echo {}' >two 2>stderr2 || fail "the second taker: $(cat stderr2)"
	wait $! || fail "the first taker: $(cat stderr1)"
	same "each job once" "$(seq 0 39)" "$(sort -n one two)"
	same "watch, in a pipe" "40 of 40 done" "$(jobs watch)"
}

fail() {
	failures=$((failures + 1))
	printf '%s: FAILED: %s\n' "$(basename "$0")" "$*" >&2
}

# same WHAT EXPECTED FOUND
same() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] || fail "$1
--- expected
$2
--- found
$3
---"
}

# same_files WHAT EXPECTED FOUND: byte for byte
same_files() {
	checks=$((checks + 1))
	cmp -s "$2" "$3" || {
		fail "$1: $(cmp "$2" "$3" 2>&1)"
		diff -a "$2" "$3" | head -10 >&2
	}
}

# has WHAT TEXT PATTERN: TEXT has a line that matches the extended regular expression
has() {
	checks=$((checks + 1))
	printf '%s\n' "$2" | grep -aEq -- "$3" || fail "$1: no line like '$3' in
$2"
}

# gives STATUS STDOUT ARGUMENT...: the exit status and the output of map, without inputs on stdin
gives() {
	local status=$1 out=$2 found
	shift 2
	found=$(map "$@" </dev/null 2>stderr)
	same "exit status of map $*" "$status" "$?"
	same "output of map $*" "$out" "$found"
}

# refuses STATUS PATTERN ARGUMENT...: nothing on stdout, and one sentence like PATTERN, with a remedy, on stderr
refuses() {
	local status=$1 pattern=$2 found
	shift 2
	found=$(map "$@" </dev/null 2>stderr)
	same "exit status of map $*" "$status" "$?"
	same "output of map $*" "" "$found"
	has "message of map $*" "$(cat stderr)" "$pattern"
}

# as_parallel ARGUMENT...: the same output and exit status as GNU parallel's with -k
as_parallel() {
	command -v parallel >/dev/null || return 0
	parallel -k "$@" </dev/null >expected 2>/dev/null
	local status=$?
	map "$@" </dev/null >found 2>stderr
	same "exit status of map $*" "$status" "$?"
	same_files "map $* against parallel" expected found
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# within SECONDS COMMAND...: waits until the command succeeds
within() {
	local end=$(($(milliseconds) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(milliseconds)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# heard PID SIGNAL: no such signal is on its way to the process; a handler has at least begun
heard() {
	local pending
	pending=$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
	[ $((0x${pending:-0} >> ($(kill -l "$2") - 1) & 1)) -eq 0 ]
}

# blocks PID SIGNAL: the process keeps it from itself
blocks() {
	local blocked
	blocked=$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$1/status") || return
	[ $((0x$blocked >> ($(kill -l "$2") - 1) & 1)) -eq 1 ]
}

# tell SIGNAL: sends it to $pid and waits until it has arrived
tell() { kill -"$1" "$pid" && within 100 heard "$pid" "$1"; }

# What a command does until the file is there.
wait_for() { echo "until [ -e $1 ]; do sleep 0.05; done"; }

marked_processes() { grep -lzs "^ORDERLY_TEST_MARK=$mark\$" /proc/[0-9]*/environ; }
nothing_left() { [ -z "$(marked_processes)" ]; }

# Called last.
finish() {
	checks=$((checks + 1))
	within 100 nothing_left || {
		fail "processes are left:"
		local path
		for path in $(marked_processes); do
			tr '\0' ' ' <"${path%environ}cmdline" >&2
			echo >&2
			kill -KILL "$(basename "$(dirname "$path")")" 2>/dev/null
		done
	}
	cd / && rm -rf "$work"
	echo "$(basename "$0"): $checks checks, $failures failed"
	[ "$failures" -eq 0 ]
	exit
}
