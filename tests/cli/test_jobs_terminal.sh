#!/bin/bash
# orderly jobs watch, status and work on a terminal: wide, narrow and tiny, resized, in a pipe, and a list that is not there yet.
. "$(dirname "$0")/lib.sh"
needs_jobs sqlite
command -v tmux >/dev/null || finish
terminal() { tmux -f /dev/null -L "$mark" "$@"; }
screen() { terminal capture-pane -p -t 0; }
shows() { screen | grep -Eq -- "$1"; }
awaits() { within 100 shows "$2" || fail "$1: $(screen)"; }
size() { terminal resize-window -t 0 -x "$1" -y "$2"; }
type() { terminal send-keys -t 0 "$1" Enter; }
fresh() {
	type 'stty sane; clear'
	within 100 shows '^\$ *$' || fail "no prompt: $(screen)"
}
trap 'terminal kill-server 2>/dev/null' EXIT
ln -s "$ORDERLY" o
LC_ALL=C.UTF-8 ORDERLY_TEST_MARK=$mark terminal -u new-session -d -x 80 -y 24 "PS1='$ ' exec bash --norc --noprofile"
within 100 shows '\$' || fail "no terminal"

# A list that is not there, then empty, then has jobs.
type './o jobs watch; echo status $?'
awaits "it waits" '^waiting for jobs.sqlite$'
: >jobs.sqlite
sleep 0.5
same "nor for a file that is no list yet" 1 "$(screen | grep -c waiting)"
rm jobs.sqlite
jobs add --range 8
awaits "all wait" '^0 of 8 done, 8 waiting$'
jobs add --require nobody 一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十
"$ORDERLY" jobs work --taker one --filter '?' ': {}; touch begun-$ORDERLY_JOB; until [ -e go-$ORDERLY_JOB ]; do sleep 0.02; done; [ $ORDERLY_JOB != 1 ]' 2>/dev/null &
worker=$!
within 100 test -e begun-0
awaits "one runs" '^0 of 9 done, 1 running, 8 waiting$'
awaits "who has it" '^one +busy +[0-9]+ +[0-9]+ +1 '
touch go-0 go-1
within 100 test -e begun-2
awaits "the bar" '^ 22% \[#+\.+\] 2/9  1 running  1 failed'
awaits "what runs" '^running +0:0[0-9] +2 +one$'
awaits "what failed" '^failed +1 +exit status 1$'
same "one picture" 1 "$(screen | grep -c ' of 9 done')"

# Resized while it stands there.
for to in '40 10' '100 30' '12 4' '80 2' '80 24'; do
	size ${to% *} ${to#* }
	sleep 1.3
	[ "${to% *}" -lt 40 ] || [ "${to#* }" -lt 10 ] || same "one picture at $to" 1 "$(screen | grep -c '^1 of 9 done')"
done
size 40 10
within 100 shows '…$'
has "narrow: the table is cut" "$(screen)" '…$'
same "narrow: no row is wider" "" "$(screen | python3 -c '
import sys, unicodedata
for line in sys.stdin:
	if sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line.rstrip("\n")) > 40: print(line)')"
size 80 24
touch go-{2..7}
awaits "the end of what it may have" '^7 of 9 done, 1 waiting, 1 failed$'
wait $worker
jobs cancel '一*' >/dev/null
awaits "nothing can come" '^status 0$'
has "the last picture stays" "$(screen)" '^7 of 9 done, 1 failed, 1 canceled$'
same "the cursor is there" 1 "$(terminal display-message -p -t 0 '#{cursor_flag}')"

# Reasons with sequences and lines in them do nothing to a terminal.
jobs add odd
jobs take --taker me --pid $$ >/dev/null
jobs fail odd --taker me --pid $$ --why $'first \033[2J\033[31mline\nsecond'
fresh
type './o jobs status; echo status $?'
awaits "status" '^status 0$'
has "status: one line, no sequence" "$(screen)" '^failed +odd +first .*line$'
same "status: the table" 1 "$(screen | grep -c '^taker  ')"

# In a pipe and on a dumb terminal: one line per change.
same "in a pipe" "7 of 10 done, 2 failed, 1 canceled" "$(jobs watch | cat)"
fresh
type 'TERM=dumb ./o jobs watch'
awaits "dumb" '^7 of 10 done, 2 failed, 1 canceled$'
same "dumb: no bar" 0 "$(screen | grep -c '^\[')"

# The bar of work is that of all takers, and goes away; words go above it.
rm -f go-* begun-* jobs.sqlite*
jobs add --range 4
fresh
type "./o jobs work ': {}; echo word \$ORDERLY_JOB; touch begun-\$ORDERLY_JOB; until [ -e go-\$ORDERLY_JOB ]; do sleep 0.02; done'; echo status \$?"
within 100 test -e begun-0
jobs work --one echo >/dev/null
jobs work --one echo >/dev/null
awaits "what others have done" '50% \[#+\.+\] 2/4  1 running'
touch go-0
within 100 test -e begun-3
awaits "the word is above" '^word 0$'
touch go-3
awaits "its end" '^status 0$'
same "no bar is left" 0 "$(screen | grep -c '% \[')"

# Ctrl-C at a terminal: the job is finished; twice: given back.
rm -f go-* begun-* jobs.sqlite*
jobs add a b
cat >slow <<'END'
trap : INT
touch begun-$ORDERLY_JOB
until [ -e go-$ORDERLY_JOB ]; do sleep 0.02; done
END
ended() { type 'echo status $?'; awaits "$1" "^status $2\$"; }
fresh
type "./o jobs work --wait 'sh slow; : {}'"
within 100 test -e begun-a
terminal send-keys -t 0 C-c
sleep 0.3
touch go-a
ended "Ctrl-C" 130
same "it was finished, the next waits" "1 of 2 done, 1 waiting" "$(jobs status | head -n 1)"
fresh
type "./o jobs work --wait 'sh slow; : {}'"
within 100 test -e begun-b
terminal send-keys -t 0 C-c
sleep 0.3
terminal send-keys -t 0 C-c
ended "Ctrl-C twice" 130
same "given back" "1 of 2 done, 1 waiting" "$(jobs status | head -n 1)"
terminal kill-server
finish
