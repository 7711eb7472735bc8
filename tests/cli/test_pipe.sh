#!/bin/bash
# A reader that goes away, a disk that is full, much output, memory.
. "$(dirname "$0")/lib.sh"

yes | map echo {} 2>stderr | head -3 >found
same "yes | map | head" $'y\ny\ny' "$(cat found)"
same "nothing on stderr" "" "$(cat stderr)"
map 'yes {}' ::: a b 2>stderr | head -2 >found
same "a command without end" $'a\na' "$(cat found)"
same "nothing on stderr" "" "$(cat stderr)"
map 'sleep 1000; echo {}' ::: $(seq 10) 2>stderr | true
same "nothing is written, nobody reads" "" "$(cat stderr)"
within 100 nothing_left || fail "commands go on when nobody reads"
bash -o pipefail -c '"$1" map "yes {}" ::: a | true' x "$ORDERLY"
same "it ends by SIGPIPE" 141 "$?"
gives 0 "y" 'yes | head -1 #' ::: 1
same "commands have the default SIGPIPE" 141 "$(map 'yes | exit 0; sh -c "yes; echo \$? >&2" | true #' ::: 1 2>&1)"

if [ -w /dev/full ]; then
	map 'echo {}' ::: $(seq 100) >/dev/full 2>stderr
	same "a full disk: exit status" 255 "$?"
	has "a full disk" "$(cat stderr)" "cannot write to standard output: No space left"
	map --dry-run 'echo {}' ::: $(seq 100) >/dev/full 2>stderr
	same "a full disk, dry run: exit status" 255 "$?"
	orderly --version >/dev/full 2>/dev/null && fail "--version on a full disk"
fi
map echo ::: a >&- 2>stderr
same "stdout closed: exit status" 255 "$?"
has "stdout closed" "$(cat stderr)" "cannot write to standard output: Bad file"
same "stdin closed" "a" "$(map echo ::: a <&-)"
map echo <&- 2>stderr
same "inputs from a closed stdin: exit status" 255 "$?"
same "stderr closed" "a" "$(map 'echo {}; echo {} >&2' ::: a 2>&-)"

# Output of commands that are early is held within bounds, wherever it is held.
peak() { # OPTION...: peak memory in KiB of the whole tree's largest process
	ORDERLY_TEST_MARK=$mark timeout 1000 /usr/bin/time -f %M -o peak "$ORDERLY" map "$@" | wc -c
}
if [ -x /usr/bin/time ] && ! grep -q __asan_init "$ORDERLY"; then
	for options in "-j4" "-j4 --completion" "-j4 --halt soon,fail=1"; do
		# shellcheck disable=SC2086
		same "a lot of output with $options" 1600000000 \
			"$(peak $options '[ {} -gt 1 ] || sleep 1; head -c 200000000 /dev/zero' ::: 1 2 3 4 5 6 7 8)"
		# The pool holds 64 MiB; the rest is what the program itself needs.
		[ "$(cat peak)" -lt 130000 ] || fail "memory with $options: $(cat peak) KiB"
	done
fi
finish
