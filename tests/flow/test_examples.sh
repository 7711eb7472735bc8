#!/bin/bash
# The programs of docs/examples that the manual pages do not quote print what they should; displays are looked at in a terminal, too.
. "$(dirname "$0")/../cli/lib.sh"
build=${ORDERLY_BUILD:-$(dirname "$ORDERLY")}
examples=$build/examples
[ -x "$examples/map" ] || {
	cd / && rm -rf "$work"
	echo "there is no $examples/map"
	exit 77
}
run() { ORDERLY_TEST_MARK=$mark timeout -k 5 100 "$@"; }

# prints STATUS EXPECTED PROGRAM ARGUMENT...: exit status and output
prints() {
	local status=$1 expected=$2 found
	shift 2
	found=$(run "$examples/$1" "${@:2}" 2>stderr </dev/null)
	same "exit status of $1" "$status" "$?"
	same "output of $1" "$expected" "$found"
}

# map: the messages come as they come, each from a process of its own.
run "$examples/map" >found 2>stderr
same "exit status of map" 0 "$?"
same "map: the sum" "3 items returned 33" "$(tail -1 found)"
same "map: a message of each item" "$(printf 'item %d: hello from process N\n' 0 1 2)" \
	"$(sed '$d; s/[0-9]*$/N/' found | sort)"
same "map: processes" 3 "$(sed '$d; s/.* //' found | sort -u | wc -l)"

prints 0 "squares: 332833500
triples: 1498500" host_threads
if [ -x "$examples/primes" ]; then
	prints 0 "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 " primes
fi

if [ -x "$examples/jobs" ]; then
	# Two takers: everything is done once, and a third finds nothing to do.
	run "$examples/jobs" jobs.sqlite >one &
	run "$examples/jobs" jobs.sqlite >two
	same "jobs: exit status" 0 "$?"
	wait $!
	same "jobs: all of them" "$(for i in $(seq 0 19); do echo "$i squared is $((i * i))"; done)" "$(sort -n one two)"
	prints 0 "" jobs jobs.sqlite
	rm -f jobs.sqlite*
fi

if [ -x "$examples/graph" ]; then
	prints 0 "sum: 14
the squares were added" graph
fi

PATH=$build:$PATH
prints 0 "one: 3
three: 5
seventeen: 9" plugin_host "$build/modules/module_plugin.so" one three seventeen
prints 1 "" plugin_host "$build/modules/none.so" one

# Without a terminal: plain lines.
run "$examples/bars" >found 2>stderr
same "bars: exit status" 0 "$?"
same "bars: each item" "$(for i in 0 1 2 3 4 5 6 7; do echo "item $i done"; done)" "$(sed '$d' found | sort)"
same "bars: the end" "8 items done" "$(tail -1 found)"
prints 0 "25 %
50 %
75 %
100 %
210 steps of 6 items done" one_bar
run "$examples/lines" >found 2>stderr
same "lines: exit status" 1 "$?"
same "lines: the error" "lines: the task at offset 3 failed" "$(cat stderr)"
same "lines: each step" 18 "$(head -18 found | grep -Ec '^[a-z]+ +(caught|weighed|packed, which needs both hands)$')"
same "lines: the ends" "anchovy    done in N s
bass       done in N s
cod        done in N s
dab        failed
eel        done in N s
flounder   done in N s" "$(tail -6 found | sed 's/[0-9][0-9.]* s$/N s/; s/failed: .*escaped$/failed/')"

# looks COLUMNS PROGRAM EXPECTED: what is left in a terminal so wide, with digits of times as N
looks() {
	local columns=$1 program=$2 expected=$3 server=$mark-$2-$1 # a server that ends is no place for a new session
	screen() { tmux -L "$server" capture-pane -p -t look 2>/dev/null; }
	finished() { screen | grep -q '^finished'; }
	ORDERLY_TEST_MARK=$mark tmux -L "$server" -f /dev/null new-session -d -s look -x "$columns" -y 24 \
		"'$examples/$program' 2>/dev/null; echo finished; sleep 100"
	within 60 finished || fail "$program in $columns columns does not finish"
	same "$program in $columns columns" "$expected" \
		"$(screen | sed -n '/^finished/q; s/item  [0-9]/item  N/; s/[0-9][0-9.]* s *$/N s/; s/ *$//; p')"
	tmux -L "$server" kill-server
}

if command -v tmux >/dev/null; then
	bar='########################################'
	looks 80 bars "worker 0 item  N [$bar]
worker 1 item  N [$bar]
worker 2 item  N [$bar]
8 items done"
	looks 30 bars "worker 0 item  N [#####]
worker 1 item  N [#####]
worker 2 item  N [#####]
8 items done"
	looks 12 bars "worker 0 it
worker 1 it
worker 2 it
8 items done"
	looks 80 one_bar "100 % ##################################################
210 steps of 6 items done"
	looks 40 one_bar "100 % ################################
210 steps of 6 items done"
	looks 80 lines "$(tail -6 found | sed 's/[0-9][0-9.]* s$/N s/' | cut -c 1-79)"
	looks 20 lines "anchovy    done in
bass       done in
cod        done in
dab        failed:
eel        done in
flounder   done in"
fi
finish
