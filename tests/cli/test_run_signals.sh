#!/bin/bash
# orderly run and signals: once, what runs ends by itself; twice, it is ended; nothing is left.
. "$(dirname "$0")/lib.sh"
needs_run

cat >orderly.yaml <<'END'
version: 1
procs:
  one:
    run: touch begun1; until [ -e go ]; do sleep 0.05; done; echo one
  two:
    run: trap "" TERM INT; touch begun2; until [ -e go ]; do sleep 0.05; done; echo two
  three:
    run: echo three
    deps: [one]
  all:
    deps: [one, two, three]
  long:
    run: sleep 25
END
begin() {
	rm -f found begun* go
	ORDERLY_TEST_MARK=$mark "$ORDERLY" run -j2 "$@" >found 2>stderr </dev/null &
	pid=$!
}
both_began() { [ -e begun1 ] && [ -e begun2 ]; }
ends() {
	timeout "$1" tail -s 0.05 --pid="$pid" -f /dev/null || kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	status=$?
}

for signal in INT:130 TERM:143 HUP:129; do
	[ "$signal" != INT:130 ] || set -m
	begin all
	within 100 both_began || fail "nothing began: $(cat stderr)"
	tell "${signal%:*}"
	within 100 grep -q 'interrupted: nothing more is begun, waiting for 2' stderr || fail "once: says $(cat stderr)"
	touch go
	ends 200
	set +m
	same "SIG${signal%:*} once: exit status" "${signal#*:}" "$status"
	same "SIG${signal%:*} once: what ran has ended, nothing else began" 'one two' "$(sort found | xargs)"
	has "SIG${signal%:*} once: the numbers" "$(tail -1 stderr)" '^2 not begun, 2 done'

	[ "$signal" != INT:130 ] || set -m
	begin all
	within 100 both_began || fail "nothing began: $(cat stderr)"
	tell "${signal%:*}"
	within 100 grep -q 'interrupted: nothing' stderr
	tell "${signal%:*}"
	ends 200
	set +m
	same "SIG${signal%:*} twice: exit status" "${signal#*:}" "$status"
	same "SIG${signal%:*} twice: output" "" "$(cat found)"
	has "SIG${signal%:*} twice: whom we ended" "$(cat stderr)" '^stopped by us: (one, two|two, one)$'
	same "SIG${signal%:*} twice: no failure" "" "$(grep FAILED stderr)"
	within 100 nothing_left || fail "SIG${signal%:*} twice: commands are left"
done

# Killed: nothing of it is left.
begin all
within 100 both_began
kill -KILL "$pid"
ends 200
within 100 nothing_left || fail "SIGKILL: commands are left"

# Who says nothing for long is told to run still, at a falling rate.
begin long
ends 200
same "still running" '[0/1] still running: long (10 s)' "$(grep still stderr)"
finish
