#!/bin/bash
# orderly run and a database that cannot be used as it is: a clear sentence each time, and nothing is lost.
. "$(dirname "$0")/lib.sh"
needs_run

cat >orderly.yaml <<'END'
version: 1
procs:
  one: {run: 'echo one >>ran; cat in >out.one', inputs: [in], outputs: [out.one]}
  two: {run: 'echo two >>ran; [ ! -e hold ] || { touch begun; until [ -e go ]; do sleep 0.05; done; }; cat out.one >out.two', deps: [one], inputs: [out.one], outputs: [out.two]}
  three: {run: 'echo three >>ran; cat out.two >out.three', deps: [two], inputs: [out.two], outputs: [out.three]}
END
database=.orderly/db
anew() {
	rm -rf .orderly out.* ran hold begun go
	echo 1 >in
	run three >/dev/null 2>stderr || fail "first run: $(cat stderr)"
	database=$(find .orderly -maxdepth 1 -type f ! -name '*.lock' ! -name '*-wal' ! -name '*-shm' | head -1)
	: >ran
}
# goes STATUS PROCS PATTERN: a run, which procs run, and what it says
goes() {
	run three >/dev/null 2>stderr </dev/null
	same "$what: exit status" "$1" "$?"
	same "$what: what runs" "$2" "$(xargs <ran)"
	[ -z "$3" ] || has "$what: says" "$(cat stderr)" "$3"
	: >ran
}

anew
what=untouched
goes 0 "" ""

what="a later version"
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("pragma user_version = 1000"); c.commit()' "$database"
goes 0 "one two three" "^warning: the database $database .*later version.*kept as"
ls "$database".aside* >/dev/null || fail "$what: it is lost"
goes 0 "" ""

what="another program's"
anew
rm -f "$database"*
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("create table theirs (x)"); c.commit()' "$database"
cp "$database" theirs
goes 4 "" "another program.*another path"
cmp -s "$database" theirs || fail "$what: it was changed"

what="another runner has it"
anew
echo 2 >in
touch hold
ORDERLY_TEST_MARK=$mark "$ORDERLY" run three >/dev/null 2>first </dev/null &
pid=$!
within 100 test -e begun || fail "nothing began"
: >ran
goes 3 "" "$database is in use by the runner with pid $pid: wait for it, or end it"
has "$what: readers are not in its way" "$(orderly graph why three 2>&1)" 'three'
touch go
wait "$pid" || fail "$what: $(cat first)"
rm hold
: >ran
goes 0 "" ""

what="deleted in the middle of a run"
anew
rm -f go begun
echo 2 >in
touch hold
ORDERLY_TEST_MARK=$mark "$ORDERLY" run three >/dev/null 2>first </dev/null &
pid=$!
within 100 test -e begun || fail "nothing began"
rm -f "$database"*
touch go
wait "$pid" || fail "$what: $(cat first)"
has "$what: says" "$(cat first)" '^warning: the database was deleted while it was in use: what ran before runs once more'
rm hold
: >ran
goes 0 "one two" "" # the version of one is another, so two looks again; three knows what two made
goes 0 "" ""

# The rest needs a file system of its own.
if ! unshare -rm true 2>/dev/null; then
	echo "skipped: no namespaces for read-only and full disks"
	finish
fi
inside() { ORDERLY_TEST_MARK=$mark ORDERLY=$ORDERLY timeout 100 unshare -rm bash -c "$1"; }

what="read-only"
anew
inside '
	mkdir copy && cp -a .orderly/. copy && mount -t tmpfs none .orderly && cp -a copy/. .orderly && mount -o remount,ro .orderly
	"$ORDERLY" run three 2>kept >/dev/null; echo $? >status.kept
	echo 2 >in
	"$ORDERLY" run three 2>changed >/dev/null; echo $? >status.changed
	xargs <ran >ran.changed'
same "$what: nothing to do" 0 "$(cat status.kept)"
same "$what: it runs all the same" "0 one two three" "$(cat status.changed) $(cat ran.changed)"
has "$what: says" "$(cat changed)" "^warning: the database $database cannot be written: what runs now will not be remembered"
: >ran
goes 0 "one two three" ""

what="a disk that becomes full"
anew
echo 2 >in
cat >>orderly.yaml <<'END'
  fills: {run: '[ -e filled ] || cat /dev/zero >>.orderly/fill 2>/dev/null; touch filled', deps: [one]}
  behind: {run: 'echo behind >>ran', deps: [fills]}
END
inside '
	mkdir small && mount -t tmpfs -o size=400k none small && cp -a .orderly/. small && mount --move small .orderly
	"$ORDERLY" run behind 2>full >/dev/null; echo $? >status.full
	cp ran ran.full; : >ran
	rm .orderly/fill
	"$ORDERLY" run behind 2>room >/dev/null; echo $? >status.room
	cp ran ran.room'
same "$what: exit status" 1 "$(cat status.full)"
same "$what: what cannot be recorded does not start" one "$(xargs <ran.full)"
has "$what: says" "$(cat full)" '^FAILED +behind: not started: the database .* cannot be written: .*make room there'
same "$what: room again" "0 behind" "$(cat status.room) $(xargs <ran.room)"
finish
