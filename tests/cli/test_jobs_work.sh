#!/bin/bash
# orderly jobs work: when it wakes up and when it does not, filters that are asked again, functions, logs, and what ends it.
. "$(dirname "$0")/lib.sh"
needs_jobs sqlite
is() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
# started ARGUMENT...: work in the background, its process in $taker
started() {
	"$ORDERLY" jobs work "$@" >found 2>stderr &
	taker=$!
}
stopped() {
	kill -TERM $taker
	wait $taker
}
# counts STATE N
counts() { jobs status --json | grep -q "\"$1\":$2[,}]"; }
switches() { sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$taker/status"; }
# sleeps WHAT: it does not wake up, or hardly
sleeps() {
	local before
	sleep 0.5
	before=$(switches)
	sleep 1
	checks=$((checks + 1))
	[ $(($(switches) - before)) -le 2 ] || fail "$1 woke up $(($(switches) - before)) times in a second"
}

# Who has nothing to do sleeps, with and without jobs of its own; what is added or freed starts at once.
jobs add a
started --wait -j3 --taker w "touch begun-{}; $(wait_for 'go-{}')"
within 100 test -e begun-a
sleeps "work that runs one of three jobs"
jobs add b
within 100 test -e begun-b || fail "a job that was added while another runs did not start"
jobs add --after b c
touch go-b
within 100 test -e begun-c || fail "what became free with its own job did not start"
jobs add d
within 100 test -e begun-d
sleeps "work that runs all it may"
jobs requeue --taker w d >/dev/null
touch go-a go-c go-d
within 100 counts done 4 || fail "not all are done: $(jobs status)"
rm -f go-* begun-*
sleeps "work without a job"
stopped

# A filter's command is asked about a job once, however often the list changes; later again.
rm -f jobs.sqlite*
jobs add a b
started --wait --filter-every 1d --filter-command 'echo $ORDERLY_JOB >>asked; false' true
within 100 is asked $'a\nb' || fail "it was not asked: $(cat asked)"
jobs add c
within 100 is asked $'a\nb\nc' || fail "not each one once: $(cat asked)"
jobs add --payload new b
within 100 is asked $'a\nb\nc\nb' || fail "another version is not asked about: $(cat asked)"
sleeps "a filter that declines"
stopped
rm asked
started --wait --filter-every 0.1s --filter-command 'echo $ORDERLY_JOB >>asked; test -e input-$ORDERLY_JOB' 'touch ran-{}'
within 100 test -e asked
touch input-c
within 100 test -e ran-c || fail "a filter is not asked again"
stopped
rm asked
started --wait --filter-command 'echo $ORDERLY_JOB >>asked; test -e input-$ORDERLY_JOB' 'touch ran-{}'
within 100 test -e asked
touch input-a
within 100 test -e ran-a || fail "a filter is not asked again"
same "not often" 1 "$(($(grep -c b asked) < 5))"
stopped
touch input-b
rm -f input-b; (sleep 0.5; touch input-b) &
same "take asks again, too" b "$(jobs take --pid $$ --taker me --wait --filter-every 0.1s --filter-command 'test -e input-$ORDERLY_JOB')"
jobs done b --pid $$ --taker me

# Functions: the name is the input, and the payload behind it; what fails, and what crashes, is told.
rm -f jobs.sqlite*
modules=${ORDERLY_BUILD:-$(dirname "$ORDERLY")}/modules
talk=$modules/module_talk.so
jobs add a fail say crash
jobs add --payload words c
jobs work -j2 --fn "$talk:upper" 2>stderr | tr '\0' ' ' | sort >found
same "--fn: what it returns" $'A\nC WORDS\nSAY' "$(cat found)"
same "--fn: what it says" $'a line\na record' "$(sort stderr)"
has "--fn: why" "$(jobs status)" '^failed +fail .*module_talk.c:[0-9]+: no upper case of fail$'
has "--fn: a crash" "$(jobs status)" '^failed +crash .*SIGABRT$'
says 3 'cannot start: .*nosuch.so' work --fn nosuch.so:upper
says 3 'has no function lower' work --fn "$talk:lower"
says 2 'a shared object and a function' work --fn upper
says 2 "instead of a command: leave 'echo' out" work --fn "$talk:upper" echo

# Logs: one a job, each attempt behind the one before; found from status, also of names that are as long as can be.
jobs retry fail >/dev/null
says 1 '' work --log logs --fn "$talk:upper"
has "the log is told" "$(jobs status)" "^failed +fail .*, see $(pwd -P)/logs/fail.log\$"
jobs add say2
jobs work --log logs --filter say2 --retries 1 'echo words of {} $ORDERLY_ATTEMPT; false'
same "a log survives a retry" $'words of say2 1\nwords of say2 2' "$(cat logs/say2.log)"
long=$(printf 'ä%.0s' {1..127})x
jobs add "$long"
jobs work --log logs 'echo {}; false' 2>stderr
same "the log of a long name" "$long" "$(cat "$(jobs status --json | grep -o "see [^\"]*$" | tail -n 1 | grep -o '/.*log')" 2>/dev/null || cat logs/*~*.log)"
jobs clear --state all >/dev/null
jobs add say
jobs work --log logs --fn "$talk:upper" >found 2>stderr
same "--log of a call" "SAY a line a record" "$(sort logs/say.log | xargs)"
same "and nowhere else" "" "$(cat found stderr)"

# Who reads what it prints goes away: what runs is finished, nothing more is taken.
jobs clear --state all >/dev/null
jobs add $(seq 50)
set +o pipefail
jobs work 'yes | head -c 100000; : {}' 2>stderr | head -n 1 >/dev/null
same "| head -n 1: exit status" 141 "${PIPESTATUS[0]}"
same "| head -n 1: silence" "" "$(cat stderr)"
checks=$((checks + 1))
counts done 50 && fail "it went on"
has "nothing runs, nothing failed" "$(jobs status | head -n 1)" '^[0-9]+ of 50 done, [0-9]+ waiting$'
jobs work 'echo {}' >/dev/full 2>stderr
same "a full standard output" 3 "$?"
has "it says so" "$(cat stderr)" 'cannot write what a job says: No space left'

# Names from standard input, thousands of them, ended by newlines or NULs; all or none.
rm -f jobs.sqlite*
seq 3000 | jobs add - || fail "add -"
same "add -" "0 of 3000 done, 3000 waiting" "$(jobs status | head -n 1)"
printf 'a b\0\0c' | jobs add -0 - || fail "add -0"
same "status --names" $'a b\nc' "$(jobs status --names | tail -n 2)"
printf 'x\na/b\n' | jobs add - 2>stderr
same "a wrong name: exit status" 3 "$?"
has "is told" "$(cat stderr)" "must not have a '/'.*a path may be its payload"
same "and nothing was added" 3002 "$(jobs status --names | wc -l)"
printf 'x\ny\33[2J\n' | jobs add - 2>stderr
has "what it has does nothing to a terminal" "$(tr '\33' E <stderr)" "of 'y'"
says 2 'give the payload in a file' add --payload-file - -
says 2 'for names from standard input' add -0 a
says 2 "names, '-' for names" add
jobs add -- -rf || fail "add -- -rf"
same "a name that begins with -" "-rf" "$(jobs status --names --state waiting | tail -n 1)"
jobs take --taker t --pid $$ >/dev/full 2>stderr
same "take, into a full disk" 3 "$?"
same "it went back" "" "$(jobs status --names --state running)"
same "said once" 1 "$(wc -l <stderr)"
jobs take --taker t --pid $$ >/dev/null
same "status --takers" t "$(jobs status --takers)"
has "-j as in map" "$(jobs work --one -j 100% --progress plain true 2>&1)" '^orderly jobs: 1/3003'
says 2 'number of tasks at once' work -j x true

# A list that is not there is none to work off, but one to wait for; one in memory cannot be filled.
says 3 'there is no list .*nosuch.sqlite' work --store nosuch.sqlite true
same "none was made" "" "$(ls nosuch.sqlite 2>/dev/null)"
started --store early.sqlite --wait --one 'echo {}'
within 100 test -e early.sqlite
jobs add --store early.sqlite x
wait $taker
same "who came before the first job" x "$(cat found)"
says 3 'is gone when this command ends' add --store memory: x

# What it leaves to others is said, unless it chose.
rm -f jobs.sqlite*
jobs add --require gpu l m
says 0 '2 jobs wait for labels that this taker does not have' work true
jobs work --filter x true 2>stderr
same "who chose knows" "" "$(cat stderr)"
same "nor to who has it" $'l\nm' "$(jobs work --label gpu 'echo {}' 2>&1)"

# A file is no place for logs, and no job is the worse for it.
touch file
says 3 'cannot make the directory file: Not a directory' work --log file true
same "nothing began" "2" "$(jobs status --names | grep -c .)"

# A watch sees files with the end that it was told, and says that it cannot write.
jobs add --store dir:d --ext .json p
same "watch --ext" "1 of 1 done" "$(jobs work --store dir:d --ext .json true && timeout 100 "$ORDERLY" jobs watch --store dir:d --ext .json | tail -n 1)"
timeout 100 "$ORDERLY" jobs watch --store dir:d --ext .json >/dev/full 2>stderr
same "a watch that cannot write" "3" "$?"
has "a watch that cannot write" "$(cat stderr)" 'cannot write the jobs: No space left on device'

# The loop of the manual page, in whatever sh is.
rm -f jobs.sqlite*
jobs add a b c
timeout 100 sh -c 'while job=$("$ORDERLY" jobs take --pid $$ 2>stderr); do test $job != b && "$ORDERLY" jobs done --pid $$ "$job" || "$ORDERLY" jobs fail --pid $$ "$job"; done'
same "a loop by hand" "2 of 3 done, 1 failed" "$(jobs status | head -n 1)"
has "its end is told" "$(cat stderr)" 'no job is left'
finish
