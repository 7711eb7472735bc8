#!/bin/bash
# orderly run: names, failures and exit statuses, what is said without a terminal.
. "$(dirname "$0")/lib.sh"
needs_run

cat >orderly.yaml <<'END'
version: 1
procs:
  one:
    run: echo one
  two:
    run: echo two
    deps: [one]
  bad:
    run: echo worse >&2; exit 7
    deps: [one]
  behind:
    run: echo behind
    deps: [bad]
  far:
    run: echo far
    deps: [behind]
  other:
    run: echo other
  all:
    deps: [far, two, other]
  killed:
    run: kill -KILL $$
  says:
    run: echo "$ORDERLY_PROC $FROM_E $FROM_US"
END

runs 0 $'one\ntwo' two
same "what is said" '[0/2] start   one
[1/2] done    one  T
[1/2] start   two
[2/2] done    two  T
2 done  T' "$(sed -E 's/[0-9.]+ s$/T/' stderr)"

# Nothing is guessed: without a default the names are listed.
runs 2 ''
same "names are listed" 'one two bad behind far other all killed says' "$(sed 1d stderr | xargs)"
same "--list" "$(sed 1d stderr)" "$(run --list)"
runs 2 '' tow
has "a name that is nearly one" "$(cat stderr)" '^orderly run: tow: .*; near to it: two$'
runs 2 '' behnid other
has "another" "$(cat stderr)" 'near to it: behind$'
runs 2 '' xyz
has "a name that is none" "$(cat stderr)" '; --list shows the names$'
printf '  default:\n    deps: [other]\n' >>orderly.yaml
runs 0 other

# A failure cancels what is behind it, and nothing else; it is told with who it was, and the others as a number.
run -j1 all >found 2>stderr
same "exit status of a failure" 1 "$?"
same "what does not depend on it runs" 'one other two worse' "$(sort found | xargs)"
has "the failure" "$(cat stderr)" '^FAILED  bad: exit code 7, [0-9.]+ s$'
has "what is behind it" "$(cat stderr)" '^  canceled because of it: 3 \(behind, far, all\)$'
has "what it said last" "$(cat stderr)" '^  \| worse$'
has "the numbers" "$(tail -1 stderr)" '^1 failed, 3 canceled, 3 done  [0-9.]+ s$'
runs 1 $'one\nworse' bad
runs 7 $'one\nworse' -x bad
runs 137 '' -x killed
has "a signal" "$(cat stderr)" '^FAILED  killed: signal 9, Killed, '

# -k 1: nothing is begun behind the first failure.
cat >many.yaml <<'END'
version: 1
options: {db: none} # durations would change the order
procs:
  first:
    run: exit 1
  second:
    run: echo second
  third:
    run: echo third
END
runs 1 '' -f many.yaml -j1 -k1 first second third
has "what was not begun" "$(tail -1 stderr)" '^1 failed, 2 not begun'
runs 1 $'second\nthird' -f many.yaml -j1 first second third
runs 1 $'second\nthird' -f many.yaml -j1 -k2 first second third

# --fail-fast ends what runs; that is told apart.
cat >fast.yaml <<'END'
version: 1
procs:
  long:
    run: touch began; sleep 1000
  fails:
    run: until [ -e began ]; do sleep 0.05; done; exit 1
END
runs 1 '' -f fast.yaml -j2 --fail-fast long fails
has "who failed" "$(cat stderr)" '^FAILED  fails: exit code 1'
has "who was ended" "$(cat stderr)" '^stopped by us: long$'
same "it did not fail" "" "$(grep '^FAILED *long' stderr)"
has "the numbers" "$(tail -1 stderr)" '^1 failed, 1 stopped'

# Places: -f, -C, a file above; variables and params.
FROM_US=us runs 0 'says e us' -e FROM_E=e says
mkdir -p deep/deeper
(cd deep/deeper && FROM_US=us runs 0 'says  us' says)
runs 0 one -C deep one
runs 4 '' -f nothing.yaml one
has "a file that is not there" "$(cat stderr)" 'nothing.yaml'
printf 'version: 1\nprocs:\n  a:\n    rnu: x\n' >wrong.yaml
runs 4 '' -f wrong.yaml a
has "a key that is none" "$(cat stderr)" 'wrong.yaml:4:'
printf 'version: 1\nprocs:\n  a:\n    deps: [b]\n  b:\n    deps: [a]\n' >cycle.yaml
runs 4 '' -f cycle.yaml a
has "a cycle" "$(cat stderr)" 'a.*b.*a'
(cd / && "$ORDERLY" run 2>"$work/stderr")
same "no file anywhere: exit status" 4 "$?"

# What would run, and why; what was remembered; nowhere.
mkdir again
cat >again/orderly.yaml <<'END'
version: 1
procs:
  made:
    run: echo made
  used:
    run: echo used
    deps: [made]
END
runs 0 '' -C again -n used
has "-n: what" "$(cat stderr)" '^\[[0-9]/2\] would   made$'
has "-n: why" "$(cat stderr)" '^\[[0-9]/2\] because made: .'
has "-n: the numbers" "$(tail -1 stderr)" '^2 would run  '
same "-n writes nothing" "" "$(ls -A again | grep -v yaml)"
runs 0 $'made\nused' -C again used
[ -f again/.orderly/graph.db ] || fail "nothing is remembered"
runs 0 $'made\nused' -C again -v --full used
has "-v: why" "$(cat stderr)" '^\[0/2\] because made: a full run was asked for$'
rm -r again/.orderly
runs 0 $'made\nused' -C again --db none used
[ ! -e again/.orderly/graph.db ] || fail "--db none: it is there"
runs 7 $'one\nworse' -x bad
has "the log of a failure" "$(cat stderr)" '^  log: \.orderly/log/'
same "what is in it" worse "$(cat "$(sed -n 's/^  log: //p' stderr)")"
mkdir elsewhere
(cd elsewhere && run bad >/dev/null 2>../stderr)
same "its path, from elsewhere" worse "$(cd elsewhere && cat "$(sed -n 's/^  log: //p' ../stderr)")"
runs 0 $'made\nused' -C again --db mine used
[ -f again/mine ] || fail "--db mine: it is not there"
runs 0 $'made\nused' -C again -l 100000 --jobserver=none used

# Wrong arguments.
for words in '-j x' '-k x' '-k -1' '-p x' '-p =x' '-e x' '--output x' '--color x' '--status %q' '--status %' '-l x' '--jobserver x' '--shuffle=x' '--nothing'; do
	runs 2 '' $words one
	has "message of run $words" "$(cat stderr)" '^orderly run: '
done

# A format of one's own; the same seed gives the same order.
run --status '<%f %t %s %r %u %F %p %%> ' -j1 two >found 2>stderr
same "--status" '<0 2 1 1 2 0 0% %> start   one
<1 2 1 0 1 0 50% %> done    one  T
<1 2 2 1 1 0 50% %> start   two
<2 2 2 0 0 0 100% %> done    two  T' "$(grep -E '^<' stderr | sed -E 's/[0-9.]+ s$/T/')"
{ echo 'version: 1'; echo 'options: {db: none}'; echo procs:; for i in $(seq 20); do printf '  p%d:\n    run: echo %d\n' "$i" "$i"; done
	echo '  all:'; echo "    deps: [$(seq -f p%g -s ', ' 20)]"; } >shuffle.yaml
in_order=$(run -f shuffle.yaml -j1 all 2>/dev/null | xargs)
shuffled=$(run -f shuffle.yaml -j1 --shuffle=7 all 2>/dev/null | xargs)
same "without --shuffle" "$(seq 20 | xargs)" "$in_order"
[ "$shuffled" != "$in_order" ] || fail "--shuffle=7 changed nothing"
same "--shuffle=7 once more" "$shuffled" "$(run -f shuffle.yaml -j1 --shuffle=7 all 2>/dev/null | xargs)"
same "--shuffle loses none" "$(seq 20 | xargs)" "$(run -f shuffle.yaml -j1 --shuffle all 2>/dev/null | sort -n | xargs)"

# Nobody reads: it ends of that, as others do.
(run -f shuffle.yaml -j1 all 2>stderr; echo $? >status) | true
same "stdout is closed" 141 "$(cat status)"
if [ -e /dev/full ]; then
	run one >/dev/full 2>stderr
	same "stdout is full" 3 "$?"
	has "stdout is full" "$(cat stderr)" '^orderly run: cannot write to standard output'
fi
finish
