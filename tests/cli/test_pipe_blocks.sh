#!/bin/bash
# --pipe: stdin in blocks, each read by a run of the command; what comes out is in the order of the blocks.
. "$(dirname "$0")/lib.sh"

sum() { sha256sum | cut -d' ' -f1; }

# blocks_as_parallel INPUT ARGUMENT...: the same output and exit status as GNU parallel's with -k
blocks_as_parallel() {
	command -v parallel >/dev/null || return 0
	local input=$1
	shift
	parallel --pipe -k "$@" <"$input" >expected 2>/dev/null
	local status=$?
	map --pipe "$@" <"$input" >found 2>stderr
	same "exit status of map --pipe $*" "$status" "$?"
	same_files "map --pipe $* against parallel" expected found
}

# Order and exact bytes, whatever is in them and however it comes.
seq 1 1000000 >lines
same "lines" "$(sum <lines)" "$(map --pipe cat <lines | sum)"
same "lines in small blocks" "$(sum <lines)" "$(head -c 500000 lines | map -j4 --pipe --block 3k cat | cat - <(tail -c +500001 lines) | sum)"
same "lines from a pipe" "$(sum <lines)" "$(cat lines | map -j3 --pipe cat | sum)"
same "lines from a slow pipe" "$(head -5000 lines | sum)" \
	"$( (head -2000 lines; sleep 0.3; tail -n +2001 lines | head -1500; sleep 0.3; tail -n +3501 lines | head -1500) | map --pipe --block 1k cat | sum)"
same "lines of a file" "$(sum <lines)" "$(map -a lines --pipe cat </dev/null | sum)"
same "lines of a file behind ::::" "$(sum <lines)" "$(map --pipe cat :::: lines </dev/null | sum)"
same "slow blocks come in order" "$(sum <lines)" \
	"$(map -j4 --pipe --block 1M 'if [ {#} = 1 ]; then sleep 1; fi; cat' <lines | sum)"
head -c 5000000 /dev/urandom >binary
same "binary data" "$(sum <binary)" "$(map --pipe --block 100k cat <binary | sum)"
for end in '\n' '\0' 'ab' '\xff\x00'; do
	same "binary data, --recend $end" "$(sum <binary)" "$(map --pipe --block 20k --recend "$end" cat <binary | sum)"
done
same "a reader of its own for each block" "$(seq 10 10 100 | tr '\n' ' ')" \
	"$(seq 100 | tr '\n' ' ' | map --pipe --recend 0\  --block 30 'tail -c 4' | tr -s ' ' '\n' | grep 0 | tr '\n' ' ')"

# Where it is cut.
printf 'a\nb\nc' >abc
same "the last record may have no end" "2 2 1" "$(map --pipe --block 2 'wc -c' <abc | xargs)"
same "an empty record" "3 1" "$(printf 'a\n\n\n' | map --pipe --block 3 'wc -c' | xargs)"
same "empty input: nothing is run" "" "$(map --pipe 'echo run' </dev/null)"
same "only ends" "4 4 2" "$(printf '\n\n\n\n\n\n\n\n\n\n' | map --pipe --block 4 'wc -c' | xargs)"
same "ends of two bytes across what is read at once" "262146 3" \
	"$( (head -c 262143 /dev/zero | tr '\0' x; printf 'a--bcd') | map --pipe --block 262146 --recend -- 'wc -c' | xargs)"
same "an end that is not whole" "6" "$(printf 'a-b-c-' | map --pipe --block 3 --recend -- 'wc -c' | xargs)"
same "anywhere" "4 4 2" "$(printf 0123456789 | map --pipe --block 4 --recend '' 'wc -c' | xargs)"
(seq 100; head -c 3000000 /dev/zero | tr '\0' x; echo; seq 100) >huge
same "a record larger than many blocks" "$(sum <huge)" "$(map --pipe --block 10k cat <huge | sum)"
same "it is not cut" 1 "$(map --pipe --block 10k 'grep -c xxxx || true' <huge | grep -c 1)"
head -c 3000000 /dev/zero >zeros
same "one record that is all" 3000000 "$(map --pipe --block 64k 'wc -c' <zeros)"
same "--block 1k is 1000, 1K is 1024" "1000 1020" "$(seq 100 999 | tr '\n' . | map -j1 --pipe --recend . --block 1k 'wc -c' | head -1) $(seq 100 999 | map -j1 --pipe --block 1023 'wc -c' | head -1)"
same "1M by default" 1 "$(head -c 1048571 lines | map --pipe 'echo x' | wc -l)"
blocks_as_parallel lines 'wc -c'
blocks_as_parallel lines --block 300k 'cat; echo {#}'
blocks_as_parallel lines --block 0.5M 'md5sum'
blocks_as_parallel abc cat
blocks_as_parallel huge --block 2M 'wc -c'
blocks_as_parallel zeros --recend '\0' --block 1M 'wc -c'
blocks_as_parallel lines 'cat >/dev/null; exit 3'

# The command.
same "{#} and ORDERLY_SEQ" "1 1 2 2" "$(seq 4 | map --pipe --block 4 'echo {#} $ORDERLY_SEQ; cat >/dev/null' | xargs)"
same "{%}" "1 1" "$(seq 4 | map -j1 --pipe --block 4 'echo {%}' | xargs)"
same "braces without an input" "{} {.} {1}" "$(echo | map --pipe echo '{}' '{.}' {1})"
same "braces without an input, in a shell" "{} {1}" "$(echo | map --pipe 'echo "{}" {1}; true')"
same "several words are executed as they are" 'a  b' "$(echo | map --pipe printf %s 'a  b')"
same "it does not read its input" 0 "$(map --pipe true <lines >/dev/null 2>stderr; echo $?)"
same "it reads some of it" "1" "$(map --pipe 'head -1' <lines | head -1)"
same "and nobody complains" "" "$(cat stderr)"
same "its standard input is not ours" "$(seq 4)" "$(seq 4 | map -j1 --pipe --block 4 'cat; cat')"

# Its end.
map --pipe 'cat >/dev/null; exit 3' <lines >found 2>stderr
same "failed runs are counted" 7 "$?"
map -j2 --pipe --block 100k 'if [ {#} -gt 3 ]; then cat >/dev/null; kill -9 $$; fi; cat' <lines >found 2>stderr
same "killed runs are counted" 66 "$?"
same "the others are complete" "$(map --pipe --block 100k 'if [ {#} -le 3 ]; then cat; fi' <lines | sum)" "$(sum <found)"
has "killed runs are told" "$(cat stderr)" "task 4: .*SIGKILL"
map --pipe --timeout 300ms 'sleep 1000' <lines >found 2>stderr
same "a timeout" 7 "$?"
map --pipe -j2 --block 10k --halt now,fail=1 'if [ {#} = 5 ]; then exit 9; fi; cat' < <(yes) >/dev/null 2>&1
same "--halt with endless input" 9 "$?"
map --pipe --joblog log 'wc -c' <lines >found
same "--joblog: what each run was sent" "$(tr '\n' ' ' <found)" "$(tail -n +2 log | cut -f5 | tr '\n' ' ')"
same "--completion" "$(sum <lines)" "$(map --pipe --completion cat <lines | sort -n | sum)"
same "--line-buffer" "$(sum <lines)" "$(map --pipe --line-buffer cat <lines | sum)"
has "--progress" "$(map --pipe --progress=json cat <lines 2>&1 >/dev/null | tail -1)" '"done":7,"total":7'

# Readers that go away, Ctrl-C.
yes | map --pipe cat 2>stderr | head -3 >found
same "yes | map --pipe | head" $'y\ny\ny' "$(cat found)"
same "nothing on stderr" "" "$(cat stderr)"
mkfifo never
exec 9<>never
ORDERLY_TEST_MARK=$mark timeout 20 "$ORDERLY" map --pipe cat <never 2>stderr | true
exec 9>&-
ORDERLY_TEST_MARK=$mark bash -o pipefail -c 'yes | "$1" map --pipe cat | true' x "$ORDERLY"
same "it ends by SIGPIPE" 141 "$?"
within 100 nothing_left || fail "commands go on when nobody reads"
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" map -j2 --pipe --block 1k 'cat; sleep 0.5' < <(yes) >found 2>stderr &
pid=$!
set +m
within 100 test -s found || fail "nothing came: $(cat stderr)"
kill -INT "$pid"
wait "$pid"
same "Ctrl-C: exit status" 130 "$?"
same "Ctrl-C: what was read is whole" 0 "$(($(wc -c <found) % 1000))"
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" map -j2 --pipe 'cat; sleep 2000' <lines >found 2>stderr &
pid=$!
set +m
within 100 test -s found || fail "nothing came: $(cat stderr)"
tell INT
tell INT
wait "$pid"
same "Ctrl-C twice: exit status" 130 "$?"

# Wrong arguments.
refuses 255 "--pipe: there is no command" --pipe
refuses 255 "use -a FILE instead of :::" --pipe cat ::: a
refuses 255 "reads one file" --pipe cat :::: lines abc
refuses 255 "use --recend" --pipe -0 cat
refuses 255 "use --recend" --pipe -d , cat
refuses 255 "leave out --tag" --pipe --tag cat
refuses 255 "--dry-run has nothing to show" --pipe --dry-run cat
refuses 255 "--block 0: a block has at least one byte" --pipe --block 0 cat
refuses 255 "--block -1: give a number of bytes" --pipe --block -1 cat
refuses 255 "--block 1X: give a number of bytes" --pipe --block 1X cat
refuses 255 "--block 1Mb: give a number of bytes" --pipe --block 1Mb cat
refuses 255 "--block 999999T: that is more" --pipe --block 999999T cat
refuses 255 "--recend .q: there is no such escape" --pipe --recend '\q' cat
refuses 255 "add --pipe" --block 1M cat
refuses 255 "add --pipe" --recend , cat
refuses 255 "cannot read nothing: No such file" --pipe -a nothing cat
refuses 255 "cannot read .: Is a directory" --pipe -a . cat
refuses 127 "no-such-program: no such program in PATH" --pipe no-such-program
map --pipe cat <&- 2>stderr
same "a closed stdin: exit status" 255 "$?"

# Memory: the blocks that lie in it are bounded, also while the first one holds up the others.
blocks_held() { ls -l "/proc/$pid/fd" 2>/dev/null | grep -c orderly-block; }
mkfifo go
ORDERLY_TEST_MARK=$mark "$ORDERLY" map -j4 --pipe --recend '' 'if [ {#} = 1 ]; then read -r go <go; fi; wc -c' \
	< <(head -c 200000000 /dev/zero) >found &
pid=$!
ahead() { [ "$(blocks_held)" -ge 10 ]; }
within 100 ahead || fail "no blocks are read ahead"
most=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	held=$(blocks_held)
	[ "$held" -le "$most" ] || most=$held
	sleep 0.1
done
echo >go
wait "$pid"
same "a lot of input" 200000000 "$(awk '{ n += $1 } END { print n }' found)"
[ "$most" -le 17 ] || fail "blocks in memory: $most"
if [ -x /usr/bin/time ] && ! grep -q __asan_init "$ORDERLY"; then
	head -c 300000000 /dev/zero | ORDERLY_TEST_MARK=$mark timeout 1000 /usr/bin/time -f %M -o peak "$ORDERLY" map -j4 --pipe --recend '' 'wc -c' >found
	[ "$(cat peak)" -lt 60000 ] || fail "memory: $(cat peak) KiB"
fi
finish
