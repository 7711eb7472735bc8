#!/bin/bash
# The programs of docs/examples say what the manual pages say that they do. words has a test of its own.
. "$(dirname "$0")/lib.sh"
programs=${ORDERLY_BUILD:-$(dirname "$ORDERLY")}/examples
page() { printf '%s/docs/man/%s' "$source_tree" "$1"; }

run() { # PROGRAM ARGUMENT...
	local program=$1
	shift
	ORDERLY_TEST_MARK=$mark timeout -k 60 600 "$programs/$program" "$@"
}

# The block of a page that begins with LINE, with what the page leaves out: the folder of a file, blanks at line ends.
block() { # PAGE LINE
	awk -v first="$2" '$0 == first { on = 1 } $0 == ".Ed" { on = 0 } on' "$(page "$1")" | sed 's/\\e/\\/g; s/ $//'
}
plain() { sed -E 's, $,,; s,(: )[^ ]*/([a-z_]+\.c:[0-9]),\1\2,'; }

squares=$(for i in 0 1 2 3 4 5 6 7 8 9; do echo $((i * i)); done)
same "squares" "$squares" "$(run squares)"
same "from_pool" "$squares" "$(run from_pool)"

same "careful, as in ord_task(3)" "$(block ord_task.3 '0 done after 1:')" "$(run careful | plain)"
same "commands, as in ord_result(3)" "$(block ord_result.3 '0 done:')" "$(run commands | plain)"

# Log records and lines of one task are in order by time only.
same "talk" "$(for i in 0 1 2; do printf '%s\n' "$i done" "$i log, level 3: task $i begins" \
	"$i words: a line" "$i words: a line of a child"; done)" "$(run talk | sort)"
same "talk: the results are in order" "0 done 1 done 2 done " "$(run talk | grep -E 'done$' | tr '\n' ' ')"

run from_mpmq >found
same "from_mpmq: ends" "36 items" "$(tail -1 found)"
same "from_mpmq: messages" "0 says: processing a total of 8 items
1 says: processing a total of 16 items
2 says: processing a total of 12 items" "$(grep says found | sort)"
same "from_mpmq: the last of the progress" "0 has done 8 of 8
1 has done 16 of 16
2 has done 12 of 12" "$(grep -E 'has done (8 of 8|16 of 16|12 of 12)$' found | sort)"
has "from_mpmq: the last end" "$(cat found)" '^[0-2] done; 0 running, 0 queued, 3 completed$'

printf '12345' >five
: >empty
same "from_xargs" "5 five
0 empty" "$(run from_xargs five empty)"
found=$(run from_xargs five nothing empty 2>stderr)
same "from_xargs: one fails: exit status" 1 "$?"
same "from_xargs: one fails: output" "5 five
0 empty" "$found"
has "from_xargs: one fails: message" "$(cat stderr)" '^from_xargs: the command exited with code 1; it last said: "wc: nothing: .*"$'

same "from_queue" "${squares/49/failed: from_queue.c: no square of 7 today}" \
	"$(run from_queue | sed -E 's,^failed: .*from_queue.c:[0-9]+: ,failed: from_queue.c: ,')"
same "ask" "the numbers add up to 510" "$(run ask)"
same "functions, as in ord_function(3)" "$(block ord_function.3 WORD)" "$(run functions upper word reverse word)"
same "functions: one that is not there" "failed" "$(run functions lower word)"
finish
