#!/bin/bash
# Ctrl-C and its relatives: once, what runs ends by itself; twice, it is killed.
. "$(dirname "$0")/lib.sh"

# Starts map in the background, without timeout(1) in between; its number is in $pid.
begin() {
	rm -f found began* go # of the one before
	ORDERLY_TEST_MARK=$mark "$ORDERLY" map "$@" >found 2>stderr </dev/null &
	pid=$!
	within 100 test -s found || fail "nothing began: $(cat stderr)"
}
both_began() { [ -e began1 ] && [ -e began2 ]; }
waits="echo begin {}; >began{}; $(wait_for go); echo end {}"

# ends WITHIN: waits for it; its exit status is in $status
ends() {
	timeout "$1" tail -s 0.05 --pid="$pid" -f /dev/null || kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	status=$?
}

for signal in INT:130 TERM:143 HUP:129; do
	# Background commands of a script begin with SIGINT ignored; the command has to respect that.
	[ "$signal" != INT:130 ] || set -m
	begin -j2 "$waits" ::: $(seq 50)
	within 100 both_began || fail "only one began"
	tell "${signal%:*}"
	touch go
	ends 200
	set +m
	same "SIG${signal%:*} once: exit status" "${signal#*:}" "$status"
	same "SIG${signal%:*} once: what ran has ended" $'begin 1\nend 1\nbegin 2\nend 2' "$(cat found)"
	same "SIG${signal%:*} once: nothing is said" "" "$(cat stderr)"

	[ "$signal" != INT:130 ] || set -m
	begin -j2 'echo begin {}; sleep 1000; echo end {}' ::: $(seq 50)
	tell "${signal%:*}"
	tell "${signal%:*}"
	ends 200
	set +m
	same "SIG${signal%:*} twice: exit status" "${signal#*:}" "$status"
	within 100 nothing_left || fail "SIG${signal%:*} twice: commands are left"
done

# Co-processes that ignore what asks them to end: the second time they are killed at once. If nobody told them to
# hurry they would have 5 s; on a busy machine one try may take as long.
all_said() { [ "$(wc -l <found)" -eq 8 ]; }
for try in 1 2 3 4 5 6 7 8; do
	rm -f fed
	mkfifo fed
	exec 7<>fed
	seq 8 >&7
	set -m
	ORDERLY_TEST_MARK=$mark "$ORDERLY" map -j2 --filter 'trap "" TERM INT; while read -r n; do echo "$n"; done; while :; do sleep 1; done' \
		<fed >found 2>stderr &
	pid=$!
	set +m
	within 100 all_said || fail "no answers: $(cat found stderr)"
	tell INT
	start=$(milliseconds)
	tell INT
	ends 200
	took=$(($(milliseconds) - start))
	same "twice, co-processes that ignore it: exit status" 130 "$status"
	within 100 nothing_left || fail "twice, co-processes that ignore it: processes are left"
	exec 7>&-
	[ "$took" -ge 4000 ] || break
done
[ "$took" -lt 4000 ] || fail "twice, co-processes that ignore it: took $took ms, $try times"

# SIGUSR1 asks how things stand; nothing else comes of it.
begin -j2 "$waits" ::: $(seq 4)
within 100 both_began || fail "only one began"
told() {
	tell USR1
	sleep 0.1
	grep -q '^orderly map: 4 tasks given out, 0 done' stderr &&
		grep -q 'first not delivered: 0, attempt 0, a command, runs at place 0' stderr &&
		grep -q 'place 1: busy; holds 1, the first 1, a command that runs' stderr
}
within 100 told || fail "SIGUSR1: says $(cat stderr)"
touch go
ends 200
same "SIGUSR1: exit status" 0 "$status"
same "SIGUSR1: output" "$(for i in 1 2 3 4; do echo "begin $i"; echo "end $i"; done)" "$(cat found)"

# While nothing runs and an input is awaited.
mkfifo never
exec 9<>never
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" map echo <never >found 2>stderr &
pid=$!
set +m
sleep 0.5
kill -INT "$pid"
ends 200
same "while waiting for inputs: exit status" 130 "$status"
exec 9>&-

# While stdout takes nothing.
mkfifo full
exec 8<>full
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" map 'yes {}' ::: a b >full 2>stderr </dev/null &
pid=$!
set +m
sleep 1
tell INT
tell INT
ends 200
same "while stdout takes nothing: exit status" 130 "$status"
exec 8>&-

# Ignored from the beginning, as nohup does.
(trap '' HUP; ORDERLY_TEST_MARK=$mark exec "$ORDERLY" map 'echo begin; sleep 1; echo end #' ::: a) >found 2>stderr </dev/null &
pid=$!
within 100 test -s found
kill -HUP "$pid"
ends 200
same "SIGHUP ignored: exit status" 0 "$status"
same "SIGHUP ignored: output" $'begin\nend' "$(cat found)"

# Killed: nothing of it is left.
begin -j4 'echo begin; sleep 1000; echo end #' ::: $(seq 50)
kill -KILL "$pid"
ends 200
within 100 nothing_left || fail "SIGKILL: commands are left"
finish
