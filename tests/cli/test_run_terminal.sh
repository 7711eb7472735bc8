#!/bin/bash
# orderly run on a terminal: what is live at the bottom, in wide, narrow and tiny ones, and nothing of it left.
. "$(dirname "$0")/lib.sh"
needs_run
command -v tmux >/dev/null || finish

cat >orderly.yaml <<'END'
version: 1
procs:
  quick:
    run: echo quick-output
  first:
    run: echo 一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十; touch begun1; until [ -e go1 ]; do sleep 0.05; done
    deps: [quick]
  second:
    run: printf 'a\033[2Jb\033[31mc\tlast line of second\n\n'; touch begun2; until [ -e go2 ]; do sleep 0.05; done; echo tail
    deps: [quick]
  third:
    run: echo third-line; touch begun3; until [ -e go3 ]; do sleep 0.05; done; exit 3
    deps: [quick]
  all:
    deps: [first, second, third]
END
terminal() { tmux -f /dev/null -L "$mark" "$@"; }
screen() { terminal capture-pane -p -t 0; }
shows() { screen | grep -Eq -- "$1"; }
awaits() { within 100 shows "$2" || fail "$1: $(screen)"; }
trap 'terminal kill-server 2>/dev/null' EXIT
ln -s "$ORDERLY" o
LC_ALL=C.UTF-8 ORDERLY_TEST_MARK=$mark terminal -u new-session -d -x 100 -y 24 "PS1='$ ' exec bash --norc --noprofile"
within 100 shows '\$' || fail "no terminal"
empty() { [ "$(screen | grep -c .)" -le 1 ]; }
# What stood there before is not taken for what comes.
clear_screen() {
	terminal send-keys -t 0 clear Enter
	within 100 empty || fail "not cleared: $(screen)"
}
all_begun() { [ -e begun1 ] && [ -e begun2 ] && [ -e begun3 ]; }
kind=screen
begin() { # OPTION...
	rm -f go* begun*
	clear_screen
	terminal send-keys -t 0 "TERM=$kind ./o run -j3 $* all; echo status \$?" Enter
	within 100 all_begun || fail "nothing began: $(screen)"
}
over() {
	touch go1 go2 go3
	awaits "no end" '^status 1'
	same "nothing of the live rows is left" "" "$(screen | grep -E ' running')"
	same "the cursor is there" 1 "$(terminal display-message -p -t 0 '#{cursor_flag}')"
}

begin
awaits "what has ended" '^done    quick  [0-9.]+ s$'
awaits "its output" '^quick-output$'
awaits "the head" '^\[1/5\] 3 running  [0-9]+:[0-9]{2}'
awaits "wide characters, cut" '^first +[0-9.:]+( s)?  一二三.*…$'
awaits "the last line that is not blank, without sequences" '^second +[0-9.:]+( s)?  abc last line of second'
same "no row is wider than the terminal" "" "$(screen | python3 -c '
import sys, unicodedata
for line in sys.stdin:
	width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line.rstrip("\n"))
	if width > 99: print(line)')"
# It becomes narrower and wider while rows are shown.
terminal resize-window -t 0 -x 40 -y 24
awaits "the head, narrow" '^\[1/5\] 3 running  [0-9]+:[0-9]{2}'
sleep 1
same "one head, narrow" 1 "$(screen | grep -c '3 running')"
same "one row per proc, narrow" 3 "$(screen | grep -Ec '^(first|second|third) ')"
terminal resize-window -t 0 -x 100 -y 24
sleep 1
same "one head, wide again" 1 "$(screen | grep -c '3 running')"
touch go3
awaits "a failure" '^FAILED  third: exit code 3, '
awaits "the head counts it" '^\[[23]/5\] 1 failed  2 running'
touch go2
within 100 shows '^done    second' || fail "no end of second: $(screen)"
awaits "output of second, with no sequence that moves" '^abc +last line of second'
over
has "summary" "$(screen)" '^  canceled because of it: 1 \(all\)$'

# Tiny ones.
lines_below() { screen | sed -nE 's/^(\[1\/5\] 3 running|first|… and 2 more).*/\1/p' | tail -3; }
three_lines() { [ "$(lines_below)" = $'[1/5] 3 running\nfirst\n… and 2 more' ]; }
for size in '40 10' '40 5' '12 10' '12 3' '80 2' '1 1'; do
	terminal resize-window -t 0 -x "${size% *}" -y "${size#* }"
	sleep 0.2
	rm -f go* begun*
	terminal send-keys -t 0 "./o run -j3 all; echo status \$?" Enter
	within 100 all_begun || fail "$size: nothing began: $(screen)"
	sleep 0.5
	[ "$size" != '40 5' ] || within 100 three_lines ||
		same "40 columns and 5 rows" $'[1/5] 3 running\nfirst\n… and 2 more' "$(lines_below)"
	touch go1 go2 go3
	terminal resize-window -t 0 -x 100 -y 24
	within 100 shows '^status 1' || fail "$size: no end: $(screen)"
	clear_screen
done

# A format of one's own; no colours with NO_COLOR; a dumb terminal has plain lines.
begin --status "'<%f of %t>'"
awaits "--status" '^<1 of 5>$'
awaits "--status in front of lines" '^<1 of 5>done    quick'
over
color() { terminal capture-pane -p -e -t 0 | grep -q $'\033\[3[12]m'; }
color || fail "no colours"
terminal send-keys -t 0 "export NO_COLOR=1; clear" Enter
begin
over
color && fail "colours in spite of NO_COLOR"
kind=dumb
begin
over
kind=screen
awaits "TERM=dumb: plain lines" '^\[[0-9]/5\] start   first'

# Procs ask: one question at a time, a password is not shown, the rest is told behind it.
cat >ask.yaml <<END
version: 1
procs:
  name:
    run: echo "name \$('$ORDERLY' ctx input 'Who?')"
  word:
    run: echo "word \$('$ORDERLY' ctx input --password 'Password?' | rev)"
    deps: [name]
  meanwhile:
    run: until [ -e go1 ]; do sleep 0.05; done; touch over
  both:
    deps: [word, meanwhile]
END
rm -f go*
clear_screen
terminal send-keys -t 0 "./o run -f ask.yaml -j3 both; echo status \$?; stty -a | grep -o ' echo '" Enter
awaits "a question" '^name asks: Who\?'
touch go1
within 100 test -e over
sleep 0.5
same "nothing is drawn on it" "" "$(screen | grep -E 'done|running')"
terminal send-keys -t 0 "Ada" Enter
awaits "what was told meanwhile" '^done    meanwhile'
awaits "the answer" '^name Ada$'
awaits "a password" '^word asks: Password\?'
terminal send-keys -t 0 "drowssap" Enter
awaits "the end" '^status 0$'
same "the password is not shown" "" "$(screen | grep drowssap)"
same "it has arrived" "word password" "$(screen | grep '^word pass')"
awaits "the terminal is as before" '^ echo'
clear_screen
terminal send-keys -t 0 "./o run -f ask.yaml word" Enter
awaits "a question" '^name asks: Who\?'
terminal send-keys -t 0 "Ada" Enter
awaits "a password" '^word asks: Password\?'
terminal send-keys -t 0 C-c
awaits "interrupted: nobody waits for an answer" '^stopped by us: word$'
within 100 shows '^\$$' || fail "no end: $(screen)"
terminal send-keys -t 0 "stty -a | grep -o ' echo '" Enter
awaits "interrupted: the terminal is as before" '^ echo'

# Where what we say does not go to the terminal, it is there all the same for questions.
clear_screen
terminal send-keys -t 0 "./o run -f ask.yaml name 2>stderr" Enter
awaits "a question, stderr is a file" '^name asks: Who\?'
terminal send-keys -t 0 "Ada" Enter
awaits "its answer" '^name Ada$'

# One proc has the terminal: it is alone on it, what others say waits, and what it reads are no commands of ours.
cat >lent.yaml <<'END'
version: 1
procs:
  talk:
    run: touch begun1; printf 'Say? '; read -r word; echo "heard $word"; [ -t 0 ] && [ -t 1 ] && echo "on a terminal $TERM"
    terminal: true
  other:
    run: echo other-output; touch over
    inputs: [lent.yaml]
  both:
    deps: [talk, other]
END
for watch in '' -w; do
	rm -f begun* over
	clear_screen
	terminal send-keys -t 0 "./o run -f lent.yaml -j2 $watch both; echo status \$?" Enter
	within 100 test -e begun1 || fail "lent $watch: nothing began: $(screen)"
	awaits "lent $watch: what it writes" '^Say\?'
	[ -n "$watch" ] || within 100 test -e over || fail "lent: the other did not run"
	sleep 0.7
	same "lent $watch: nothing else is shown" "" "$(screen | grep -E 'other|running|done')"
	terminal send-keys -t 0 "quick" Enter
	awaits "lent $watch: what it reads" '^heard quick$'
	awaits "lent $watch: where it is" '^on a terminal (screen|tmux)'
	awaits "lent $watch: its end" '^done    talk'
	[ -n "$watch" ] || awaits "lent: what others said" '^other-output$'
	[ -z "$watch" ] || terminal send-keys -t 0 q Enter
	awaits "lent $watch: the end" '^status [0-9]+'
done

# Ctrl-C twice: the shell behind it lives, nothing is left.
begin
terminal send-keys -t 0 C-c
awaits "interrupted" 'interrupted: nothing more is begun, waiting for 3; once more ends them'
terminal send-keys -t 0 C-c
awaits "interrupted again" '^stopped by us: first, second, third$'
terminal send-keys -t 0 "echo alive" Enter
awaits "the shell" '^alive$'
terminal kill-server
finish
