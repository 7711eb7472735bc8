#!/bin/bash
# --progress: what is shown, where, and that it costs nothing while nothing happens.
. "$(dirname "$0")/lib.sh"

tasks=$(seq 8)
map --progress=json -j2 'sleep 0.3; [ {} -ne 3 ]' ::: $tasks >found 2>json
same "exit status" 1 "$?"
same "stdout has nothing of it" "" "$(cat found)"
same "the last line" '8 8 0 1' "$(tail -1 json | sed -E 's/.*"done":([0-9]+),"total":([0-9]+),"running":([0-9]+),"failed":([0-9]+).*/\1 \2 \3 \4/')"
if command -v python3 >/dev/null; then
	python3 - json >verdict 2>&1 <<'END' || fail "json: $(cat verdict)"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert 4 <= len(lines) <= 14, f"{len(lines)} lines in about 1.2 s"
assert all(a["done"] <= b["done"] and a["elapsed"] <= b["elapsed"] for a, b in zip(lines, lines[1:])), "backwards"
assert all(line["total"] == 8 for line in lines), "the total is known from the beginning"
assert any(line["left"] is not None and 0.2 < line["left"] < 1.5 for line in lines), "no estimate is near"
assert lines[-1]["left"] == 0, "something is left"
END
fi
(seq 3; sleep 1; seq 3) | map --progress=json 'sleep 0.1; true' 2>json
has "an unknown total is null" "$(cat json)" '"done":[0-3],"total":null,.*"left":null'
has "in the end it is known" "$(tail -1 json)" '"done":6,"total":6,'
seq 6 >numbers
map --progress=json -j2 'sleep 0.3; true' <numbers 2>json
has "the total of a file is known" "$(head -1 json)" '"total":6,'

map --progress=plain true ::: $tasks 2>plain
has "plain: one line at the end" "$(cat plain)" '^orderly map: 8/8  0 running  [0-9.]+/s  0:00 left$'
same "plain: lines of a short run" 1 "$(wc -l <plain)"
map --progress=none true ::: $tasks 2>none
same "none" "" "$(cat none)"
map true ::: $tasks 2>none
same "auto, no terminal" "" "$(cat none)"
map --progress=bar true ::: $tasks 2>bar
has "bar, no terminal: plain" "$(cat bar)" '^orderly map: 8/8'

# While a display is active and nothing happens, next to no processor time is used.
bash -c 'TIMEFORMAT="%U %S"; time "$1" map --progress=json "sleep 2 #" ::: a >/dev/null 2>&1' x "$ORDERLY" 2>times
awk '{ if ($1 + $2 > 0.3) print "used", $0 }' times >wrong
same "processor time" "" "$(cat wrong)"

# On a terminal.
command -v tmux >/dev/null || finish
terminal() { tmux -f /dev/null -L "$mark" "$@"; }
screen() { terminal capture-pane -p -t 0; }
shows() { screen | grep -Eq -- "$1"; }
trap 'terminal kill-server 2>/dev/null' EXIT
ORDERLY_TEST_MARK=$mark terminal new-session -d -x 80 -y 12 "PS1='$ ' exec bash --norc --noprofile"
terminal set-option -g remain-on-exit on
run() { # COMMAND: with the screen empty
	terminal send-keys -t 0 "clear" Enter
	within 5 shows '^\$$'
	terminal send-keys -t 0 "$1; echo status \$?" Enter
}
within 5 shows '\$' || fail "no terminal"
run "'$ORDERLY' map -j2 'sleep 1; echo line {}; [ {} -ne 2 ]' ::: 1 2 3 4 5 6"
within 10 shows '^ *33% \[#+\.+\] 2/6  2 running  1 failed  [0-9.]+/s  0:0[0-9] left' || fail "the bar:
$(screen)"
within 10 shows '^status 1' || fail "no end: $(screen)"
same "lines on the terminal" $'line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nstatus 1' "$(screen | grep -E '^(line|status)')"
same "the bar is wiped" "" "$(screen | grep -E '%|running')"
run "'$ORDERLY' map -j2 'printf part; sleep 0.5; echo ed {}' ::: 1 2"
within 10 shows '^status 0' || fail "no end: $(screen)"
same "parts of lines stay whole" $'parted 1\nparted 2' "$(screen | grep '^part')"

terminal resize-window -t 0 -x 40 -y 12 2>/dev/null
run "'$ORDERLY' map -j2 'sleep 1; exit {}' ::: 1 1 1 1"
within 10 shows '(25|50)% [12]/4 ' || fail "the bar, narrow: $(screen)"
within 10 shows '^status 4' || fail "no end: $(screen)"
terminal resize-window -t 0 -x 80 -y 12 2>/dev/null

# Colour only where it is wanted.
color() { terminal capture-pane -p -e -t 0 | grep -q $'\033\[31m'; }
run "'$ORDERLY' map -j1 'sleep 1; exit {}' ::: 1 1 1"
within 10 shows '1 failed' && color || fail "no colour"
within 10 shows '^status 3' || fail "no end: $(screen)"
run "NO_COLOR=1 '$ORDERLY' map -j1 'sleep 1; exit {}' ::: 1 1 1"
within 10 shows '1 failed' || fail "no bar: $(screen)"
color && fail "colour in spite of NO_COLOR"
within 10 shows '^status 3' || fail "no end: $(screen)"

# Keys: Ctrl-C drains; the shell behind it lives.
run "'$ORDERLY' map -j2 'echo begin {}; sleep 1; echo end {}' ::: 1 2 3 4 5 6"
within 10 shows '^begin 1' || fail "no beginning: $(screen)"
terminal send-keys -t 0 C-c
within 10 shows '^\$$' || fail "no end after Ctrl-C: $(screen)"
same "Ctrl-C drains" $'begin 1\nend 1\nbegin 2\nend 2' "$(screen | grep -E '^(begin|end)')"

# Ctrl-Z stops the program, not what runs; fg goes on.
run "'$ORDERLY' map -j2 'echo begin {}; sleep 1; echo end {}' ::: 1 2 3"
within 10 shows '^begin 1' || fail "no beginning: $(screen)"
terminal send-keys -t 0 C-z
within 5 shows 'Stopped' || fail "not stopped: $(screen)"
terminal send-keys -t 0 "fg; echo status \$?" Enter
within 10 shows '^status 0' || fail "no end after fg: $(screen)"
same "Ctrl-Z and fg" 3 "$(screen | grep -c '^end')"
terminal kill-server
finish
