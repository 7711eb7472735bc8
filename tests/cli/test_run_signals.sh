#!/bin/bash
# orderly run and signals: a ladder of three rungs, whose end is the signal's; finished work is kept, and nothing is left.
. "$(dirname "$0")/lib.sh"
needs_run

# What runs notes the signals that it gets; `deaf` needs the last rung.
cat >orderly.yaml <<'END'
version: 1
procs:
  early:
    run: echo early >out.early
    outputs: [out.early]
    inputs: [in]
  soft:
    run: trap 'echo INT >>got.soft; exit 0' INT; touch begun.soft; until [ -e go ]; do sleep 0.05; done
    deps: [early]
  hard:
    run: trap 'echo INT >>got.hard' INT; trap 'echo TERM >>got.hard; exit 7' TERM; touch begun.hard; until [ -e go ]; do sleep 0.05; done; echo hard
    deps: [early]
    retries: 3
  deaf:
    run: trap 'echo INT >>got.deaf' INT; trap 'echo TERM >>got.deaf' TERM; touch begun.deaf; until [ -e go ]; do sleep 0.05; done; echo deaf
    stop: {grace: 10m}
    deps: [early]
  behind:
    run: echo behind
    deps: [soft]
  rest:
    run: echo rest
    wave: 1
  all:
    deps: [early, soft, hard, deaf, behind]
  end:
    deps: [all, rest]
    wave: 1
  long:
    run: sleep 25
END
: >in
touch -d '1 minute ago' in
begin() {
	rm -rf found begun.* go got.* .orderly
	ORDERLY_TEST_MARK=$mark "$ORDERLY" run -j4 -k0 "$@" >found 2>stderr </dev/null &
	pid=$!
}
all_began() { [ -e begun.soft ] && [ -e begun.hard ] && [ -e begun.deaf ]; }
got() { [ "$(cat "got.$1" 2>/dev/null | xargs)" = "$2" ]; }
ends() {
	timeout "$1" tail -s 0.05 --pid="$pid" -f /dev/null || kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	status=$?
}

for last in 1 2 3; do
	set -m
	begin end
	within 100 all_began || fail "nothing began: $(cat stderr)"
	tell INT
	within 100 got soft INT && within 100 got hard INT && within 100 got deaf INT || fail "SIGINT does not reach what runs"
	within 100 grep -q 'interrupted: nothing more is begun, waiting for [23]; once more ends them' stderr || fail "once: says $(cat stderr)"
	if [ $last -gt 1 ]; then
		tell INT
		within 100 got deaf 'INT TERM' && within 100 got hard 'INT TERM' || fail "SIGTERM does not reach what runs"
		within 100 grep -q 'interrupted again: what runs is ended; once more kills it' stderr || fail "twice: says $(cat stderr)"
	fi
	[ $last -lt 3 ] && touch go
	[ $last -lt 3 ] || tell INT
	ends 200
	set +m
	same "$last: exit status" 130 "$status"
	within 100 nothing_left || fail "$last: commands are left"
	same "$last: what had ended is kept" "" "$(orderly run -n early 2>&1 | grep would)"
	same "$last: no failure" "" "$(grep FAILED stderr)"
	case $last in
	1) same "once: who outlives SIGINT ends in its own time" 'deaf hard' "$(sort found | xargs)"
		has "once: the numbers" "$(tail -1 stderr)" '^4 not begun, 4 done' ;;
	2) has "twice: whom we ended" "$(cat stderr)" '^stopped by us: (hard, deaf|hard|deaf, hard)$' ;;
	3) has "three times: whom we ended" "$(cat stderr)" '^stopped by us: (hard, deaf|deaf, hard)$'
		has "three times: it was killed" "$(cat stderr)" 'what runs is killed' ;;
	esac
	[ $last -eq 1 ] || has "$last: what was ended is not a success" "$(orderly run -n hard 2>&1)" 'would +hard'
done

# SIGTERM and SIGHUP do not wait: the second rung at once, and the third.
for signal in TERM:143 HUP:129; do
	begin end
	within 100 all_began || fail "nothing began: $(cat stderr)"
	tell "${signal%:*}"
	within 100 got hard TERM && within 100 got deaf TERM || fail "SIG${signal%:*}: no SIGTERM for what runs"
	within 100 grep -q 'nothing more is begun, waiting for [123]; once more kills them' stderr || fail "SIG${signal%:*}: says $(cat stderr)"
	tell "${signal%:*}"
	ends 200
	same "SIG${signal%:*} twice: exit status" "${signal#*:}" "$status"
	same "SIG${signal%:*} twice: output" "" "$(grep -v Terminated found)"
	has "SIG${signal%:*} twice: whom we ended" "$(cat stderr)" '^stopped by us: .*deaf'
	within 100 nothing_left || fail "SIG${signal%:*} twice: commands are left"
done

# All into one pipe.
mkfifo pipe
cat pipe >said &
set -m
rm -f begun.* go got.*
ORDERLY_TEST_MARK=$mark "$ORDERLY" run -j4 all >pipe 2>&1 </dev/null &
pid=$!
within 100 all_began || fail "in a pipe: nothing began"
tell INT
within 100 got deaf INT
tell INT
within 100 got deaf 'INT TERM'
tell INT
ends 200
set +m
same "in a pipe: exit status" 130 "$status"
within 100 grep -q '^stopped by us: ' said || fail "in a pipe: no summary in $(cat said)"
within 100 nothing_left || fail "in a pipe: commands are left"

# Watching: an idle one ends at once, one that runs goes down the ladder.
rm -f begun.* go got.*
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" run --watch early >found 2>stderr </dev/null &
pid=$!
within 100 grep -q 'watching 1 place' stderr || fail "watching: $(cat stderr)"
tell INT
ends 100
same "watching, idle: exit status" 130 "$status"
begin --watch all
within 100 all_began || fail "watching: nothing began: $(cat stderr)"
tell INT
within 100 got deaf INT
tell TERM
within 100 got deaf 'INT TERM'
tell INT
ends 100
set +m
same "watching: the first signal's" 130 "$status"
within 100 nothing_left || fail "watching: commands are left"

# Nothing starts between the signal and the loop: many short ones, none of which failed because it came too late.
{
	printf 'version: 1\nprocs:\n'
	for i in $(seq 400); do printf '  p%d: {run: "true"}\n' "$i"; done
} >many.yaml
for i in 1 2 3 4 5; do
	set -m
	ORDERLY_TEST_MARK=$mark "$ORDERLY" run -f many.yaml --db=none -j2 'p*' >found 2>stderr </dev/null &
	pid=$!
	within 100 grep -q "^\[$((i * 20))/" stderr
	kill -INT $pid 2>/dev/null
	ends 100
	set +m
	same "many: no failure" "" "$(grep -E '^FAILED|[0-9] failed' stderr)"
	[ "$status" = 130 ] || [ "$status" = 0 ] || fail "many: status $status"
done

# Killed: nothing of it is left.  Who answers no questions takes none.
begin all
within 100 all_began
! blocks "$pid" USR1 || fail "SIGUSR1 is taken, and nobody reads it"
kill -KILL "$pid"
ends 200
within 100 nothing_left || fail "SIGKILL: commands are left"

# Who says nothing for long is told to run still, at a falling rate.
begin long
ends 200
same "still running" '[0/1] still running: long (10 s)' "$(grep still stderr)"
finish
