#!/bin/bash
# orderly jobs: each action, the environment of commands, takers that are killed, Ctrl-C once and twice.
. "$(dirname "$0")/lib.sh"
needs_jobs

says 3 'there is no list .*/jobs.sqlite' status
says 2 'needs names' add
says 2 "there is no action 'wrok'" wrok
says 2 'say what to do'
says 2 'work needs a command' work
says 3 "must not have a '/'" add a/b
says 3 'not in the list' add --after nobody x
says 3 "there is no store for the address 'nonsense'" status --store nonsense

jobs add --payload 'some words' a || fail "add"
jobs add --after a b || fail "add --after"
same "states" "waiting:1 blocked:1 " "$(states)"
jobs work 'cat ${ORDERLY_JOB_FILE:-/dev/null}; : {}' >/dev/null || fail "work"
same "work leaves no files" "" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'orderly-job-*' -newer jobs.sqlite -user "$(id -u)" 2>/dev/null)"
same "both are done" "done:2 " "$(states)"
rm -f jobs.sqlite*

# The environment.
jobs add --payload 'some words' a
same "environment" "some words a 1 me" "$(jobs work --taker me 'cat $ORDERLY_JOB_FILE; echo " {} $ORDERLY_ATTEMPT $ORDERLY_TAKER"')"

# Failures are told, retried, and change the exit status.
jobs add f
jobs work --retries 2 'echo try >>tries; false {}' 2>/dev/null
same "a failed job: exit status" 1 "$?"
same "attempts" 3 "$(wc -l <tries)"
has "why" "$(jobs status)" 'failed +f +exit status 1'
same "add it again: nothing new" 0 "$(jobs add f; jobs work echo | wc -l)"
same "retry says how many" 1 "$(jobs retry 'f*')"
same "and it runs" "f" "$(jobs work echo)"

# By hand: the taker is this shell.
jobs add h
same "take" h "$(jobs take --taker hand --pid $$)"
says 1 'no job now, but some still run' take --no-wait --taker other
says 1 'does not hold the job' done h --pid $$ --taker other
says 1 'does not hold the job' done h --pid $$ --taker hand --attempt 2
jobs done h --pid $$ --taker hand --attempt 1 || fail "done"
has "done" "$(states)" 'done:3'
jobs add i
jobs take --pid $$ >found
jobs fail i --pid $$ --why 'for no reason' || fail "fail"
has "fail --why" "$(jobs status)" 'failed +i +for no reason'
same "clear" 1 "$(jobs clear --state failed)"

# A shell that ends with its job: the job is killed, and taken again.
jobs add k
bash -c '"$ORDERLY" jobs take >/dev/null; :'
same "taken again" "k 2" "$(jobs work 'echo {} $ORDERLY_ATTEMPT')"

# Two takers at once: each job once.
rm -f jobs.sqlite*
each_job_once

# A taker that is killed with SIGKILL: the other does its job.
jobs add killed
"$ORDERLY" jobs work ': {}; touch begun; test $ORDERLY_ATTEMPT != 1 || exec sleep 1000' >/dev/null 2>&1 &
taker=$!
within 100 test -e begun || fail "never: test -e begun"
! blocks $taker USR1 || fail "SIGUSR1 is taken, and nobody reads it"
jobs work 'echo {} $ORDERLY_ATTEMPT' >found &
kill -9 $taker
wait $taker 2>/dev/null
wait $!
same "the other did it" "killed 2" "$(cat found)"

# As Ctrl-C (which the background of a script does not hear), once: what runs is finished. --wait would go on for ever.
jobs add slow next
"$ORDERLY" jobs work --wait 'touch begun-{}; sleep 0.5; echo {}' >found 2>/dev/null &
taker=$!
within 100 test -e begun-slow || fail "never: test -e begun-slow"
kill -TERM $taker
wait $taker
same "Ctrl-C: exit status" 143 "$?"
same "Ctrl-C: it was finished" slow "$(cat found)"
has "Ctrl-C: the next waits" "$(states)" 'waiting:1'

# Twice: it goes back.
"$ORDERLY" jobs work --wait 'touch begun-{}; exec sleep 1000' >found 2>/dev/null &
taker=$!
within 100 test -e begun-next || fail "never: test -e begun-next"
kill -TERM $taker
sleep 0.1
kill -TERM $taker
wait $taker
same "Ctrl-C twice: exit status" 143 "$?"
has "Ctrl-C twice: it waits again" "$(states)" 'waiting:1'

# One job; a stop file; a filter; labels; logs.
jobs add p1 p2 q1
same "--one with --filter" q1 "$(jobs work --one --filter 'q*' echo)"
touch stop
same "--stop-file" "" "$(jobs work --stop-file stop echo)"
jobs work --log logs 'echo words of {}' || fail "--log"
same "--log" "words of p1" "$(cat logs/p1.log)"
jobs add --require gpu l
says 0 '' work echo
same "without the label" "" "$(cat found)"
same "with it" l "$(jobs work --label gpu echo)"

# Options may stand in front of the action.
timeout 100 "$ORDERLY" jobs -s front.sqlite --taker me add f --payload 'add take' || fail "options in front"
same "options in front" f "$(timeout 100 "$ORDERLY" jobs --store=front.sqlite --one --taker me work echo {})"

# requeue and cancel; who had it cannot end it.
jobs add r
jobs take --taker hand --pid $$ >/dev/null
same "requeue" 1 "$(jobs requeue --taker hand)"
says 1 'does not hold' done r --taker hand --pid $$
same "cancel" 1 "$(jobs cancel r)"
has "canceled" "$(states)" 'canceled:1'
same "clear all" 0 "$(jobs clear --state all >/dev/null; jobs clear --state all)"
finish
