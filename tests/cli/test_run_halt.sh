#!/bin/bash
# orderly run at a terminal: Ctrl-C up the ladder and Ctrl-Z, alone, watching, while a prompt waits, and with a proc
# that has the terminal itself. The terminal is as before, while it is stopped and behind it.
. "$(dirname "$0")/lib.sh"
needs_run
command -v tmux >/dev/null || finish

cat >orderly.yaml <<END
version: 1
procs:
  work:
    run: trap 'echo INT >>got.work' INT; touch begun.work; until [ -e go ]; do echo x >>ticks; sleep 0.05; done; echo worked
    timeout: 300s
  short:
    run: touch begun.short; until [ -e go ]; do sleep 0.05; done
    timeout: 5s
  own:
    run: trap 'echo INT >>got.own' INT; touch begun.own; until [ -e go ]; do echo x >>ticks.own; sleep 0.05; done; echo own
    terminal: true
  asks:
    run: touch begun.asks; echo "said \$('$ORDERLY' ctx input --password 'Word?')"
  all: {deps: [work]}
  watched: {run: cat in, inputs: [in]}
END
echo 1 >in
terminal() { tmux -f /dev/null -L "$mark" "$@"; }
screen() { terminal capture-pane -p -t 0; }
shows() { screen | grep -Eq -- "$1"; }
awaits() { within 100 shows "$2" || fail "$1: $(screen)"; }
keys() { terminal send-keys -t 0 "$@"; }
trap 'terminal kill-server 2>/dev/null' EXIT
ln -s "$ORDERLY" o
LC_ALL=C.UTF-8 ORDERLY_TEST_MARK=$mark terminal -u new-session -d -x 100 -y 24 "PS1='$ ' exec bash --norc --noprofile"
within 100 shows '\$' || fail "no terminal"
begin() { # PROC COMMAND
	rm -rf go begun.* got.* ticks* .orderly
	keys clear Enter
	within 100 shows '^\$$'
	keys "$2" Enter
	within 100 test -e "begun.$1" || fail "nothing began: $(screen)"
}
# status WHAT NUMBER: of the last command, when it has ended (a list of commands would end with SIGINT, and what is
# typed while rows are live moves them)
status() {
	within 100 shows '^\$$' || fail "$1: no prompt: $(screen)"
	keys "echo status \$?" Enter
	awaits "$1" "^status $2\$"
}
got() { [ "$(cat "got.$1" 2>/dev/null | xargs)" = "$2" ]; }
as_before() { # WHAT
	same "$1: the cursor is there" 1 "$(terminal display-message -p -t 0 '#{cursor_flag}')"
	same "$1: nothing live is left" "" "$(screen | grep ' running')"
	keys "stty -a | grep -o ' echo '" Enter
	awaits "$1: what is typed is seen" '^ echo'
}
stands_still() { # FILE
	local before
	before=$(stat -c %s "$1")
	sleep 0.3
	[ "$(stat -c %s "$1")" = "$before" ]
}
moves() { ! stands_still "$1"; }
all_ended() { ! pgrep -f "^./o run" >/dev/null; }

# Ctrl-C: what is in groups of their own gets it, too; the second one ends it.
begin work './o run all'
keys C-c
within 100 got work INT || fail "Ctrl-C does not reach a command"
awaits "Ctrl-C" 'nothing more is begun, waiting for 1; once more ends them'
keys C-c
awaits "Ctrl-C twice" '^stopped by us: work$'
status "Ctrl-C twice: exit status" 130
as_before "Ctrl-C"

# Ctrl-Z: the command stops with us, and goes on; its time-out does not count that.
begin work './o run all'
awaits "live" '1 running'
keys C-z
awaits "stopped" 'Stopped'
within 100 stands_still ticks || fail "Ctrl-Z does not stop a command"
as_before "stopped"
keys "clear; fg" Enter
within 100 moves ticks || fail "fg does not let a command go on"
awaits "live again" '1 running'
touch go
awaits "its end" '^worked$'
within 100 shows '^\$$'
begin short './o run short'
keys C-z
awaits "stopped" 'Stopped'
sleep 6
keys "clear; fg" Enter
awaits "live again" '1 running'
touch go
awaits "no time-out, and nothing of the stop in its duration" '^done +short +[0-4]\.[0-9] s$'
status "no time-out" 0

# In the background it goes on, and comes back; Ctrl-C then.
begin work './o run all'
keys C-z
awaits "stopped" 'Stopped'
keys "clear; bg" Enter
within 100 moves ticks || fail "bg does not let a command go on"
keys "clear; fg" Enter
sleep 0.3
keys C-c
within 100 got work INT || fail "Ctrl-C behind fg does not reach a command"
keys C-c
awaits "Ctrl-C behind fg" '^stopped by us: work$'
within 100 shows '^\$$'

# A proc that has the terminal: Ctrl-C comes to it once, Ctrl-Z stops both, nothing is drawn over it.
begin own './o run -j2 own work'
sleep 0.5
same "nothing is drawn" "" "$(screen | grep ' running')"
keys C-z
awaits "stopped" 'Stopped'
within 100 stands_still ticks.own || fail "Ctrl-Z does not stop the proc that has the terminal"
within 100 stands_still ticks || fail "Ctrl-Z does not stop the other"
keys "clear; fg" Enter
within 100 moves ticks.own || fail "fg does not let it go on"
within 100 moves ticks || fail "fg does not let the other go on"
keys C-c
within 100 got own INT && within 100 got work INT || fail "Ctrl-C does not reach both"
sleep 0.3
same "Ctrl-C came once to who has the terminal" INT "$(xargs <got.own)"
touch go
awaits "its words" 'own$'
status "exit status" 130
as_before "with the terminal"
begin own './o run own'
pid=$(pgrep -f '^./o run own')
kill -INT "$pid"
within 100 got own INT || fail "a signal that was sent does not reach who has the terminal"
touch go
status "exit status" 130

# A prompt waits, with the echo off.
begin asks './o run -j2 asks work'
awaits "a prompt" '^asks asks: Word\?'
keys C-z
awaits "stopped" 'Stopped'
as_before "a prompt that is stopped"
keys "clear; fg" Enter
awaits "the prompt again" '^asks asks: Word\?'
keys "geheim" Enter
touch go
awaits "the answer" '^said geheim$'
same "it was not shown but by the proc" 1 "$(screen | grep -c geheim)"
status "exit status" 0
begin asks './o run -j2 asks work'
awaits "a prompt" '^asks asks: Word\?'
keys C-z
awaits "stopped" 'Stopped'
keys "clear; bg" Enter
within 100 moves ticks || fail "bg with a prompt: what runs does not go on"
keys "fg" Enter
awaits "the prompt, when we are in front" '^asks asks: Word\?'
keys C-c
within 100 got work INT || fail "Ctrl-C at a prompt does not reach what runs"
touch go
status "exit status" 130
as_before "a prompt that was interrupted"

# Standard error is no terminal: it is asked all the same.
begin asks './o run asks 2>said'
awaits "a prompt without a screen" '^asks asks: Word\?'
keys "geheim" Enter
awaits "the answer" '^said geheim$'
status "exit status" 0

# Watching, idle.
rm -f go
keys "clear; ./o run --watch watched" Enter
awaits "watching" 'watching 1 place'
keys C-z
awaits "stopped" 'Stopped'
echo 2 >in
keys "clear; fg" Enter
awaits "what changed meanwhile is seen" '^2$'
keys C-c
status "exit status" 130
as_before "watching"
within 100 all_ended || fail "commands are left"
terminal kill-server
finish
