#!/bin/bash
# --progress: what is shown, where, and that it costs nothing while nothing happens.
. "$(dirname "$0")/lib.sh"

tasks=$(seq 8)
# The last task ends when some lines have been shown: how many tasks are seen is up to the machine.
map --progress=json -j2 'sleep 0.3; [ {} -ne 8 ] || until [ $(wc -l <json) -ge 4 ]; do sleep 0.05; done; [ {} -ne 3 ]' ::: $tasks >found 2>json
same "exit status" 1 "$?"
same "stdout has nothing of it" "" "$(cat found)"
same "the last line" '8 8 0 1' "$(tail -1 json | sed -E 's/.*"done":([0-9]+),"total":([0-9]+),"running":([0-9]+),"failed":([0-9]+).*/\1 \2 \3 \4/')"
if command -v python3 >/dev/null; then
	python3 - json >verdict 2>&1 <<'END' || fail "json: $(cat verdict)"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert 4 <= len(lines) <= lines[-1]["elapsed"] / 0.2 + 2, f"{len(lines)} lines in {lines[-1]['elapsed']} s"
assert all(a["done"] <= b["done"] and a["elapsed"] <= b["elapsed"] for a, b in zip(lines, lines[1:])), "backwards"
assert all(line["total"] == 8 for line in lines), "the total is known from the beginning"
for line in lines[:-1]:
	rounds = max(8 - line["done"], 2) / 2
	assert (line["left"] is None) == (line["done"] == 0), f"an estimate from nothing, or none: {line}"
	if line["done"] not in (0, 8):
		assert 0.2 * rounds < line["left"] < (line["elapsed"] + 0.1) * rounds, f"no near estimate: {line}"
assert lines[-1]["left"] == 0, "something is left"
END
fi
: >json
(seq 3; within 100 grep -q done json; seq 3) | map --progress=json 'sleep 0.1; true' 2>>json
has "an unknown total is null" "$(cat json)" '"done":[0-3],"total":null,.*"left":null'
has "in the end it is known" "$(tail -1 json)" '"done":6,"total":6,'
seq 6 >numbers
map --progress=json -j2 'sleep 0.3; true' <numbers 2>json
has "the total of a file is known" "$(head -1 json)" '"total":6,'

start=$(milliseconds)
map --progress=plain true ::: $tasks 2>plain
has "plain: one line at the end" "$(cat plain)" '^orderly map: 8/8  0 running  [0-9.]+/s  0:00 left$'
[ "$(wc -l <plain)" -le $((1 + ($(milliseconds) - start) / 5000)) ] || fail "plain: lines of a short run: $(cat plain)"
map --progress=none true ::: $tasks 2>none
same "none" "" "$(cat none)"
map true ::: $tasks 2>none
same "auto, no terminal" "" "$(cat none)"
map --progress=bar true ::: $tasks 2>bar
has "bar, no terminal: plain" "$(cat bar)" '^orderly map: 8/8'

# While a display is active and nothing happens, next to no processor time is used: hardly more than for no task at all.
used() { bash -c 'TIMEFORMAT="%U %S"; time "$1" map --progress=json "$2" ::: a >/dev/null 2>&1' x "$ORDERLY" "$1" 2>&1; }
echo "$(used true) $(used 'sleep 3 #')" >times
awk '{ if ($3 + $4 - $1 - $2 > 0.3) print "used", $0 }' times >wrong
same "processor time" "" "$(cat wrong)"

# On a terminal. It is wide and the command's name short, so that no line of its is broken.
command -v tmux >/dev/null || finish
terminal() { tmux -f /dev/null -L "$mark" "$@"; }
screen() { terminal capture-pane -p -t 0; }
shows() { screen | grep -Eq -- "$1"; }
trap 'terminal kill-server 2>/dev/null' EXIT
ln -s "$ORDERLY" o
ORDERLY_TEST_MARK=$mark terminal new-session -d -x 180 -y 12 "PS1='$ ' exec bash --norc --noprofile"
terminal set-option -g remain-on-exit on
run() { # COMMAND: with the screen empty; what its tasks wait for is not there yet
	rm -f go*
	terminal send-keys -t 0 "clear" Enter
	within 100 shows '^\$$'
	terminal send-keys -t 0 "$1; echo status \$?" Enter
}
awaits() { # WHAT PATTERN: on the screen
	within 100 shows "$2" || fail "$1: $(screen)"
}
within 100 shows '\$' || fail "no terminal"
run "./o map -j2 'until [ -e go{} ]; do sleep 0.05; done; echo line {}; [ {} -ne 2 ]' ::: 1 2 3 4 5 6"
touch go1 go2
awaits "the bar" '^ *33% \[#+\.+\] 2/6  2 running  1 failed  [0-9.]+/s  [0-9]+:[0-9]+ left'
touch go3 go4 go5 go6
awaits "no end" '^status 1'
same "lines on the terminal" $'line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nstatus 1' "$(screen | grep -E '^(line|status)')"
same "the bar is wiped" "" "$(screen | grep -E '%|running')"
run "./o map -j2 'printf part; sleep 0.5; echo ed {}' ::: 1 2"
awaits "no end" '^status 0'
same "parts of lines stay whole" $'parted 1\nparted 2' "$(screen | grep '^part')"

terminal resize-window -t 0 -x 40 -y 12 2>/dev/null
run "./o map -j2 'until [ -e go{#} ]; do sleep 0.05; done; exit {}' ::: 1 1 1 1"
touch go1
awaits "the bar, narrow" '25% 1/4 '
touch go2 go3 go4
awaits "no end" '^status 4'
terminal resize-window -t 0 -x 180 -y 12 2>/dev/null

# Colour only where it is wanted.
color() { terminal capture-pane -p -e -t 0 | grep -q $'\033\[31m'; }
run "./o map -j1 'until [ -e go{#} ]; do sleep 0.05; done; exit {}' ::: 1 1 1"
touch go1
awaits "no bar" '1 failed'
within 100 color || fail "no colour"
touch go2 go3
awaits "no end" '^status 3'
run "NO_COLOR=1 ./o map -j1 'until [ -e go{#} ]; do sleep 0.05; done; exit {}' ::: 1 1 1"
touch go1
awaits "no bar" '1 failed'
color && fail "colour in spite of NO_COLOR"
touch go2 go3
awaits "no end" '^status 3'

# Keys: Ctrl-C drains; the shell behind it lives.
begun() { [ -e begun1 ] && [ -e begun2 ]; }
begin() { # TASKS
	rm -f begun*
	run "./o map -j2 'echo begin {}; >begun{}; until [ -e go ]; do sleep 0.05; done; echo end {}' ::: $1"
	within 100 begun || fail "no beginning: $(screen)"
	awaits "no beginning" '^begin 1'
}
begin "1 2 3 4 5 6"
terminal send-keys -t 0 C-c
awaits "what is canceled counts as done" ' 4/6  2 running'
touch go
awaits "no end after Ctrl-C" '^\$$'
same "Ctrl-C drains" $'begin 1\nend 1\nbegin 2\nend 2' "$(screen | grep -E '^(begin|end)')"

# Ctrl-Z stops the program, not what runs; fg goes on.
begin "1 2 3"
terminal send-keys -t 0 C-z
awaits "not stopped" 'Stopped'
touch go
terminal send-keys -t 0 "fg; echo status \$?" Enter
awaits "no end after fg" '^status 0'
same "Ctrl-Z and fg" 3 "$(screen | grep -c '^end')"
terminal kill-server
finish
