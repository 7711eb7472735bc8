#!/bin/bash
# --filter: co-processes that answer each line with a line; answers in the order of the lines.
. "$(dirname "$0")/lib.sh"

sum() { sha256sum | cut -d' ' -f1; }
seq 300000 >lines
head -30000 lines >fewer
head -1000 lines >some

# Order and exact bytes.
same "cat" "$(sum <lines)" "$(map -j3 --filter cat <lines | sum)"
same "from a pipe" "$(sum <lines)" "$(cat lines | map --filter cat | sum)"
same "from a file" "$(sum <lines)" "$(map -a lines --filter cat </dev/null | sum)"
same "from a file behind ::::" "$(sum <lines)" "$(map --filter cat :::: lines </dev/null | sum)"
same "sed, which answers at once" "$(sed s/1/x/g lines | sum)" "$(map --filter sed -u s/1/x/g <lines | sum)"
same "through a shell" "$(sed s/1/x/g fewer | sum)" "$(map --filter 'sed -u s/1/y/g | sed -u s/y/x/g' <fewer | sum)"
head -c 3000000 /dev/urandom >binary
echo >>binary
same "binary data" "$(sum <binary)" "$(map --filter cat <binary | sum)"
same "empty input" "" "$(map --filter cat </dev/null)"
same "empty lines" 5 "$(printf '\n\n\n\n\n' | map --filter cat | wc -l)"
same "a newline is added to the last line" $'a\nb' "$(printf 'a\nb' | map --filter cat)"
(seq 100; head -c 3000000 /dev/zero | tr '\0' x; echo; seq 100) >huge
same "a huge line" "$(sum <huge)" "$(map --filter cat <huge | sum)"
same "slow lines come in order" "$(head -40 lines | sum)" \
	"$(head -40 lines | map -j4 --filter 'while read -r n; do case $n in *3) sleep 0.2 ;; esac; echo $n; done' | sum)"
mkfifo back
same "an answer does not wait for the next line" "a b" \
	"$( (echo a; head -1 back >/dev/null; echo b) | map --filter cat | while read -r l; do echo "$l"; [ "$l" != a ] || echo >back; done | xargs)"
same "nor does one that is kept back" "a b" \
	"$( (echo a; head -1 back >/dev/null; echo b) | map --filter tr x y | while read -r l; do echo "$l"; [ "$l" != a ] || echo >back; done | xargs)"
same "answers are larger than lines" "$(awk '{ printf "%0300d\n", $1 }' some | sum)" \
	"$(map --filter 'while read -r n; do printf %0300d\\n $n; done' <some | sum)"
both='>place.$ORDERLY_SLOT; until [ -e place.1 ] && [ -e place.2 ]; do sleep 0.05; done'
same "it is started once per place" "1 2" \
	"$(map -j2 --filter "$both; while read -r n; do echo \$ORDERLY_SLOT; done" <some | sort -u | xargs)"
[ "$(map -j2 --filter 'while read -r n; do echo $$; done' <lines | sort -u | wc -l)" -le 2 ] || fail "more co-processes than places"
same "stderr comes through" 1000 "$(map --filter 'while read -r n; do echo $n >&2; echo; done' <some 2>&1 >/dev/null | wc -l)"
same "stderr of one place is in order" "$(sum <some)" "$(map -j1 --filter 'while read -r n; do echo $n >&2; echo; done' <some 2>&1 >/dev/null | sum)"
same "--completion" "$(sum <some)" "$(map -j3 --completion --filter cat <some | sort -n | sum)"

# Co-processes that keep their answers until their input ends.
same "sed, which buffers" "$(sed s/1/x/g lines | sum)" "$(map --filter sed s/1/x/g <lines | sum)"
same "tr in a pipeline" "$(tr 1 x <lines | sum)" "$(map -j2 --filter 'tr 1 y | tr y x' <lines | sum)"
same "awk" "$(awk '{ print 2 * $1 }' lines | sum)" "$(map --filter awk '{ print 2 * $1 }' <lines | sum)"
same "sort, which has to read all" 300000 "$(map --filter sort -r <lines | wc -l)"
same "one line" x "$(echo 1 | map --filter tr 1 x)"
same "lines that come slowly" "x x" "$( (echo 1; sleep 0.5; echo 1) | map --filter tr 1 x | xargs)"

# Deadlock: it answers before it reads, or reads all before it answers; more than pipes hold.
head -c 1000000 /dev/zero | tr '\0' x >wide
echo >>wide
for _ in 1 2 3 4; do cat wide; done >wides
same "much of both" "$(sum <wides)" "$(map -j1 --filter cat <wides | sum)"
same "large answers to short lines" 4000004 "$(seq 4 | map -j1 --filter 'while read -r n; do head -c 1000000 /dev/zero | tr "\0" x; echo; done' | wc -c)"

# What goes wrong is told with its line, and costs that line.
drop() { grep -vx "$1" some; }
same "it dies: the others are answered" "$(drop 500 | sum)" \
	"$(map -j2 --filter 'while read -r n; do [ $n != 500 ] || kill -9 $$; echo $n; done' <some 2>stderr | sum)"
has "it dies: the line" "$(cat stderr)" 'orderly map: line 500: the co-process was ended by signal 9 before it answered$'
same "it dies: that is all" 1 "$(wc -l <stderr)"
map --filter 'while read -r n; do [ $n != 500 ] || exit 7; echo $n; done' <some >found 2>stderr
same "it exits: exit status" 1 "$?"
has "it exits: the line" "$(cat stderr)" 'line 500: the co-process ended with code 7 before it answered$'
map --filter awk '$1 == 77 || $1 == 700 { exit 3 } { print }' <some >found 2>stderr
same "it dies with answers that it kept: exit status" 2 "$?"
same "it dies with answers that it kept" "$(drop '77\|700' | sum)" "$(sum <found)"
has "it dies with answers that it kept: the first line" "$(cat stderr)" 'line 77: the co-process ended with code 3 before it answered$'
has "it dies with answers that it kept: the second line" "$(cat stderr)" 'line 700: '
map --filter grep -v -x 500 <some >found 2>stderr
same "a line is not answered: exit status" 1 "$?"
same "a line is not answered" "$(drop 500 | sum)" "$(sum <found)"
has "a line is not answered: the line" "$(cat stderr)" 'line 500: the co-process (did not answer it|ended with code 1)'
map --filter sed -n '/^500$/!p' <some >found 2>stderr
has "a line is not answered, code 0" "$(cat stderr)" 'line 500: the co-process did not answer it; it has to answer each line with one$'
map --filter sed '500{p;}' <some >found 2>stderr # the number within the co-process is not that of the input
map --filter sed '/^500$/p' <some >found 2>stderr
same "two answers to a line: exit status" 1 "$?"
same "two answers to a line" "$(drop 500 | sum)" "$(sum <found)"
has "two answers to a line: the line" "$(cat stderr)" 'line 500: the co-process answered more than one line'
map --filter sed -u '/^500$/p' <some >found 2>stderr
[ $? -ge 1 ] || fail "two answers to a line, at once: exit status"
# It is waited for 100 ms at most, so on a busy machine "late" is sometimes too late.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	head -12 some | map -j1 --filter 'while read -r n; do sleep 0.05; echo $n; [ $n != 5 ] || { sleep 0.01; echo more; }; done' >found 2>stderr
	! grep -q 'line 5: the co-process answered more' stderr || [ "$(wc -l <stderr)" -gt 1 ] || break
done
same "two answers to a line, the second late: the others" "$(head -12 some | grep -vx 5)" "$(cat found)"
same "two answers to a line, the second late" \
	'orderly map: line 5: the co-process answered more than one line; it has to answer each line with one' "$(cat stderr)"
head -20 some | map --filter yes >found 2>stderr
same "answers without end: exit status" 20 "$?"
same "answers without end" "" "$(cat found)"
head -3 some | map --filter true >found 2>stderr
same "no answers at all" "3 3" "$(grep -c 'line [123]: the co-process did not answer' stderr) $(wc -l <stderr)"
head -3 some | map --filter 'exec >&-; cat >/dev/null; sleep 0.1; exit 0' >found 2>stderr
same "it closes its stdout: exit status" 3 "$?"
has "it closes its stdout" "$(cat stderr)" 'line 1: the co-process did not answer it'
head -3 some | map --filter false >found 2>stderr
has "false" "$(cat stderr)" 'line 1: the co-process ended with code 1 before it answered'
same "it ends when it wants" "$(sum <some)" "$(map --filter 'for i in 1 2 3 4 5; do read -r n && echo $n; done' <some 2>stderr | sum)"
map --filter 'cat; exit 4' <some >found 2>stderr
[ $? -ge 1 ] || fail "a code behind the last line: exit status"
same "a code behind the last line: answers" "$(sum <some)" "$(sum <found)"
has "a code behind the last line" "$(cat stderr)" 'behind it the co-process ended with code 4'
map -j2 --timeout 5s --filter 'while read -r n; do [ $n != 50 ] || sleep 1000; echo $n; done' <some >found 2>stderr
same "a line takes too long: exit status" 1 "$?"
same "a line takes too long" "$(drop 50 | sum)" "$(sum <found)"
has "a line takes too long: the line" "$(cat stderr)" 'line 50: the co-process did not answer in time'
(seq 60; exec yes 1) | map -j2 --halt now,fail=1 --filter 'while read -r n; do [ $n != 50 ] || kill -9 $$; echo $n; done' >found 2>stderr
[ $? -ne 0 ] || fail "--halt: exit status"
has "--halt" "$(cat stderr)" 'a line failed, so everything ends now'

# A co-process that somebody kills while it works, or while it has nothing to do.
(seq 1000; within 100 test -e gone; seq 1001 2000) | map -j1 --filter 'echo $$ >>pids; exec cat' >found 2>stderr &
pid=$!
half() { [ "$(wc -l <found)" -eq 1000 ]; }
dead() { ! grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$(head -1 pids)/status"; } # it may be reaped when the next line comes
within 100 half || fail "killed while it is idle: no answers"
kill -9 "$(head -1 pids)"
within 100 dead || fail "killed while it is idle: it lives"
touch gone
wait "$pid"
same "killed while it is idle: exit status" 0 "$?"
same "killed while it is idle" "$(seq 2000 | sum)" "$(sum <found)"

# Readers that go away, Ctrl-C.
yes | map --filter cat 2>stderr | head -2 >found
same "yes | map --filter | head" $'y\ny' "$(cat found)"
same "nothing on stderr" "" "$(cat stderr)"
within 100 nothing_left || fail "co-processes go on when nobody reads"
for times in 1 2; do
	set -m
	ORDERLY_TEST_MARK=$mark "$ORDERLY" map -j2 --filter 'while read -r n; do echo $n; sleep 0.2; done' < <(yes) >found 2>stderr &
	pid=$!
	set +m
	within 100 test -s found || fail "nothing came: $(cat stderr)"
	tell INT
	[ "$times" -eq 1 ] || tell INT
	wait "$pid"
	same "Ctrl-C $times: exit status" 130 "$?"
	same "Ctrl-C $times: nothing is said" "" "$(cat stderr)"
	within 100 nothing_left || fail "Ctrl-C $times: co-processes are left"
done
ORDERLY_TEST_MARK=$mark "$ORDERLY" map -j2 --filter 'while read -r n; do echo $n; sleep 1000; done' <lines >found 2>stderr &
pid=$!
within 100 test -s found
kill -KILL "$pid"
wait "$pid" 2>/dev/null
within 100 nothing_left || fail "SIGKILL: co-processes are left"

# Wrong arguments.
refuses 255 "--filter: there is no command" --filter
refuses 255 "use -a FILE instead of :::" --filter cat ::: a
refuses 255 "reads one file" --filter cat :::: lines some
refuses 255 "lines end with a newline" --filter -0 cat
refuses 255 "leave out --tag" --filter --tag cat
refuses 255 "--dry-run has nothing to show" --filter --dry-run cat
refuses 255 "no --joblog" --filter --joblog log cat
refuses 255 "add --pipe" --filter --block 1M cat
refuses 255 "give one" --filter --pipe cat
refuses 255 "{#}: a co-process answers many lines" --filter 'echo {#}'
refuses 127 "no-such-program: no such program in PATH" --filter no-such-program
refuses 255 "cannot read nothing: No such file" --filter -a nothing cat
finish
