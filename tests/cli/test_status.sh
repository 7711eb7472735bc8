#!/bin/bash
# Exit status, --halt, --timeout, commands that cannot run.
. "$(dirname "$0")/lib.sh"

gives 0 "" true ::: a b
gives 1 "" 'exit {}' ::: 0 7 0
as_parallel 'exit 1 #' ::: $(seq 100)
as_parallel 'exit 1 #' ::: $(seq 101)
as_parallel 'kill -9 $$ #' ::: 1 2
as_parallel --timeout 3 'sleep' ::: 1000 0.1
as_parallel -j1 --halt now,fail=1 'echo {}; exit {}' ::: 0 3 4
as_parallel -j1 --halt soon,fail=1 'echo {}; exit {}' ::: 0 3 4
as_parallel -j1 --halt soon,fail=2 'echo {}; exit {}' ::: 0 3 4 5
as_parallel -j1 --halt soon,success=1 'echo {}; exit {}' ::: 3 0 4 5
as_parallel -j1 --halt soon,done=1 'echo {}; exit {}' ::: 3 0 4 5
as_parallel -j1 --halt now,fail=1 'kill -9 $$ #' ::: 3 0
as_parallel -j1 --halt never 'exit {}' ::: 3 0 4 5

# A failure stops everything at once, even if earlier tasks still run; what they said is not lost.
gives 5 $'early\nlate' -j2 --halt now,fail=1 'sh -c {}' ::: 'echo early; >said; sleep 1000' \
	"echo late; $(wait_for said); exit 5" 'echo never'
has "what halted it" "$(cat stderr)" "task 2: it failed, so everything ends now"
gives 5 $'late\nearly' -j2 --completion --halt soon,fail=1 'sh -c {}' ::: \
	'sleep 5; echo early' 'echo late; exit 5' 'echo never'
has "what halted it" "$(cat stderr)" "task 2: it failed, so no new task begins"
map -j2 --halt now,fail=1 'sleep 0.1; exit 3 #' < <(yes) >/dev/null 2>&1
same "halt with endless inputs" 3 "$?"

# What a command had said before its time was up.
gives 1 $'begin 0.1\nend 0.1\nbegin 1000' -j2 --timeout 4s 'echo begin {}; sleep {}; echo end {}' ::: 0.1 1000
has "a timeout is told" "$(cat stderr)" "orderly map: task 2: .*time"
map --timeout 500ms "trap '' TERM; sleep 1000; sleep 1000 #" ::: 1 2>/dev/null
same "a command that ignores SIGTERM" 1 "$?"

# A program that is missing is told once.
seq 100000 >many
refuses 127 'no-such-program: no such program in PATH' -a many no-such-program
same "lines of complaint" 1 "$(wc -l <stderr)"
refuses 127 'no-such-program: no such program in PATH' -a many 'no-such-program {} | cat'
refuses 127 './nothing: no such program$' ./nothing ::: a
echo 'echo hello' >script
refuses 126 './script: cannot be executed; chmod' ./script ::: a
refuses 255 'the command is empty' '' ::: a
refuses 255 'the command is empty' '  ' ::: a
printf '#!/bin/sh\nrm -f "$0"\n' >once
chmod +x once
map -j1 ./once ::: $(seq 30) 2>stderr
same "a program that goes away" 29 "$?"
has "a program that goes away" "$(cat stderr)" "task 2: .*\./once"
has "messages are bounded" "$(cat stderr)" "and 19 more tasks"
gives 2 "" '{}' ::: true no-such-program /etc/passwd
has "a program in the inputs" "$(cat stderr)" "task 2: .*no-such-program"

refuses 255 "-j 0x: give a number" -j 0x true ::: a
refuses 255 "-j 5000: at most 4096" -j 5000 true ::: a
refuses 255 "-j : give a number" -j '' true ::: a
refuses 255 "-j 1.5: give a number" -j 1.5 true ::: a
refuses 255 "--timeout 1x: give seconds" --timeout 1x true ::: a
refuses 255 "--timeout 0: " --timeout 0 true ::: a
refuses 255 "--halt maybe: give never" --halt maybe true ::: a
refuses 255 "--halt now,fail=0: give never" --halt now,fail=0 true ::: a
refuses 255 "--halt now,fail=10%: a percentage" --halt now,fail=10% true ::: a
refuses 255 "--progress fine: give auto" --progress fine true ::: a
refuses 255 "-d : give at least one" -d '' true ::: a
refuses 255 "-d \\\\q: there is no such escape" -d '\q' true ::: a
refuses 255 "unrecognized option '--nosuch'" --nosuch true ::: a
refuses 255 "Try .*orderly map --help" --nosuch true ::: a
for jobs in 1 3 50% 300% +1 -1 -100 0; do
	gives 0 $'1\n2\n3' -j "$jobs" echo ::: 1 2 3
done
finish
