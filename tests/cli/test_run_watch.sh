#!/bin/bash
# orderly run --watch: changes run again, r and q on standard input, how it ends.
. "$(dirname "$0")/lib.sh"
needs_run

cat >orderly.yaml <<'END'
version: 1
options:
  watch: {debounce: 50ms}
procs:
  one:
    run: cat x.txt >>log; echo ran
    inputs: [x.txt]
  two:
    run: echo two >>log
    deps: [one]
END

# Wait until a file has so many lines.
until_lines() { # FILE N
	for ((i = 0; i < 3000; i++)); do
		[ "$(wc -l 2>/dev/null <"$1" || echo 0)" -ge "$2" ] && return
		sleep 0.02
	done
	fail "$1 has never had $2 lines: $(cat "$1" 2>/dev/null)"
}

until_said() { # TEXT N
	for ((i = 0; i < 3000; i++)); do
		[ "$(grep -c "$1" stderr)" -ge "$2" ] && return
		sleep 0.02
	done
	fail "never said '$1' $2 times: $(cat stderr)"
}

begin() {
	rm -rf log .orderly keys
	echo 1 >x.txt
	: >stderr
	mkfifo keys
	run --watch two <keys >stdout 2>stderr &
	pid=$!
	exec 8>keys
	until_said '^watching\|\] watching' 1
}

begin
echo 2 >x.txt
until_lines log 4
until_said 'watching ' 2
same "runs after a change" $'1\ntwo\n2\ntwo' "$(cat log)"
sed 's/^x//' -i x.txt # replaced by rename
echo 3 >>x.txt
until_said 'watching ' 3
# Nothing is up to date without a database: r runs both, and says so; a line that only has the letters does nothing.
echo 'requires quiet' >&8
echo r >&8
until_said 'again$' 1
until_said 'watching ' 4
[ "$(grep -c 'watching ' stderr)" = 4 ] || fail "words are taken for keys: $(cat stderr)"
echo q >&8
wait "$pid"
same "exit status after q" 0 "$?"
grep -q 'files have changed' stderr || fail "a change is not told"
exec 8>&-

begin
exec 8>&- # the end of standard input is not the end
echo 5 >x.txt
until_said 'watching ' 2
kill -INT "$(pgrep -P "$pid" | head -n 1)" # of timeout(1)
wait "$pid"
same "exit status after SIGINT" 130 "$?"
exec 8>&-

# What counts is how each proc ended last.
sed -i 's/cat x.txt >>log; echo ran/cat x.txt >>log; grep -q good x.txt/' orderly.yaml
begin_bad() {
	begin
	echo bad >x.txt
	until_said 'FAILED  one\|one: exit code 1' 1
	until_said 'watching ' 2
}

begin_bad
echo q >&8
wait "$pid"
same "exit status of what has failed" 1 "$?"
grep -q '1 failed, 1 canceled' stderr || fail "the last line of a failure: $(tail -n 1 stderr)"
exec 8>&-

begin_bad
echo good >x.txt
until_said 'watching ' 3
echo q >&8
wait "$pid"
same "exit status of what was mended" 0 "$?"
grep -q '^2 done' stderr || fail "the last line of what was mended: $(tail -n 1 stderr)"
[ "$(grep -c '^FAILED' stderr)" = 0 ] || fail "a failure that was mended is told: $(cat stderr)"
exec 8>&-

begin_bad
echo good >x.txt
until_said 'watching ' 3
echo bad >x.txt
until_said 'watching ' 4
kill -INT "$(pgrep -P "$pid" | head -n 1)"
wait "$pid"
same "exit status after SIGINT, whatever has failed" 130 "$?"
grep -q '1 failed, 1 canceled' stderr || fail "the last line after SIGINT: $(tail -n 1 stderr)"
exec 8>&-

# q while something runs: it is waited for, and said so; q once more ends it.
cat >>orderly.yaml <<'END'
  slow:
    run: echo begun >>slow.log; trap 'echo ended >>slow.log; exit 1' TERM; while :; do sleep 0.02 & wait $!; done
    inputs: [x.txt]
END
rm -rf log .orderly keys slow.log
: >stderr
mkfifo keys
run --watch slow <keys >stdout 2>stderr &
pid=$!
exec 8>keys
until_lines slow.log 1
echo q >&8
until_said 'leaving: nothing more is begun, waiting for 1; q once more ends them' 1
same "it goes on" 1 "$(wc -l <slow.log)"
echo q >&8
wait "$pid"
same "exit status after q twice" 1 "$?"
same "it was ended" $'begun\nended' "$(cat slow.log)"
grep -q 'stopped by us: slow' stderr || fail "it is not told that we ended it: $(cat stderr)"
exec 8>&-

# What was stopped, and mended: events of its later end say nothing of the earlier one, nor do those of a group.
cat >orderly.yaml <<'END'
version: 1
options:
  watch: {debounce: 50ms}
procs:
  bad: {run: 'until [ -e begun ]; do sleep 0.05; done; grep good x.txt', inputs: [x.txt]}
  slow: {run: 'touch begun; grep good x.txt || exec sleep 1000', inputs: [x.txt]}
  all: {deps: [bad, slow]}
END
rm -rf .orderly keys
echo bad >x.txt
: >stderr
mkfifo keys
run --watch --fail-fast -j2 --events events all <keys >stdout 2>stderr &
pid=$!
exec 8>keys
until_said 'watching ' 1
echo good >x.txt
until_said 'watching ' 2
echo q >&8
wait "$pid"
same "exit status of what was stopped, and mended" 0 "$?"
exec 8>&-
of() { grep '"event":"proc_end"' events | grep "\"proc\":\"$1\"" | grep -oE '"(state|cause|interrupted|error)":("[^"]*"|1)' | xargs; }
same "events of what was stopped" 'state:failed cause:stopped interrupted:1 error:canceled while it ran state:succeeded cause:none' "$(of slow)"
same "events of its group" 'state:dependency failed cause:dependency failed error:canceled: bad failed state:succeeded cause:none' "$(of all)"
finish
