#!/bin/bash
# orderly jobs: lists to and from files, filters that are commands, options of takers, and input that is wrong.
. "$(dirname "$0")/lib.sh"
needs_jobs sqlite
# A list with all there is, there and back.
jobs add --payload 'words "quoted"
and a line' --max-takers 3 --require gpu --require big --retries 2 --killed-retries 0 --fingerprint v1 a
printf 'no\0text\377' | jobs add --payload-file - --after a b
jobs add --range 4
jobs work --one true
jobs work --one --filter 1 'false {}' 2>/dev/null
jobs cancel 2 >/dev/null
jobs export >one || fail "export"
same "a line each" 6 "$(wc -l <one)"
has "as JSON" "$(cat one)" '^\{"name":"a","state":"waiting","payload":"words \\"quoted\\"\\nand a line","fingerprint":"v1","requires":\["gpu","big"\],"failed_retries":2,"killed_retries":0,"max_takers":3\}$'
has "bytes" "$(cat one)" '^\{"name":"b","state":"blocked","payload_hex":"6e6f0074657874ff","after":\["a"\]\}$'
has "why" "$(cat one)" '^\{"name":"1","state":"failed","attempts":1,"failures":1,"why":"exit status 1","range":4,'
same "import says how many" 6 "$(jobs import --store two.sqlite one)"
jobs export --store two.sqlite >two
same_files "there and back" one two
same "again: nothing new" 0 "$(jobs import --store two.sqlite <one)"
# Attempts that are over and one that runs, which nobody has elsewhere; a directory has them, too, but for max_takers.
jobs add --store past.sqlite --retries 5 done failed killed running
jobs work --store past.sqlite --one --taker w1 true
jobs take --store past.sqlite --filter failed --taker w2 --pid $$ >/dev/null
jobs fail --store past.sqlite --taker w2 --pid $$ --why reasons failed
bash -c '"$ORDERLY" jobs take --store past.sqlite --filter killed --taker w3 >/dev/null; :'
jobs take --store past.sqlite --filter running --taker w4 --pid $$ >/dev/null
jobs export --store past.sqlite >was
has "what ran" "$(cat was)" '^\{"name":"running","state":"running".*,"attempts":1,"taker":"w4","began_ms":[0-9]+\}$'
has "what failed once" "$(cat was)" '"state":"waiting".*"attempts":1,"failures":1,"why":"reasons","taker":"w2","began_ms":[0-9]+\}$'
sed 's/"running","state":"running"/"running","state":"waiting"/' was >expected
for store in past2.sqlite dir:past; do
	same "import into $store" 4 "$(jobs import --store $store was)"
	jobs export --store $store >two
	same_files "there and back through $store" expected two
done
same "nobody new is shown" "" "$(jobs status --store past2.sqlite | grep '^taker')"
jobs add --store two.sqlite --range 4 || fail "the range is not known there"
says 3 'size mismatch: the list was made for 4 jobs, not 5' add --store two.sqlite --range 5
python3 - <<'END' || fail "not every line is JSON"
import json
for line in open("one"):
	json.loads(line)
END

# laufband's file, there and back; laufband would find its table as it makes it.
says 3 "'a' is none of a range" export --progress-table table.db
same "nothing is left" "" "$(ls table.db 2>/dev/null)"
jobs add --store r.sqlite --range 5
jobs work --store r.sqlite --one --taker w1 true
jobs work --store r.sqlite --one --taker w2 'false {}' 2>/dev/null
jobs export --store r.sqlite --progress-table table.db || fail "export --progress-table"
says 3 'table.db is there already' export --store r.sqlite --progress-table table.db
rows() { python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT id, state, worker FROM progress_table ORDER BY id"): print(*row)' "$1"; }
same "the rows" "1 completed w1
2 failed w2
3 pending None
4 pending None
5 pending None" "$(rows table.db)"
same "import" 5 "$(jobs import --store s.sqlite --progress-table table.db)"
jobs export --store s.sqlite --progress-table again.db
same "there and back" "$(rows table.db)" "$(rows again.db)"
jobs add --store s.sqlite --range 5 || fail "it is not that range"
same "what is left is done" "2 3 4" "$(jobs work --store s.sqlite echo | xargs)"
# One that laufband made: no workers, and one that ran there.
python3 - <<'END'
import sqlite3
for name, states in (("seed.db", ("completed", "running", "pending")), ("odd.db", ("completed", "vanished"))):
	db = sqlite3.connect(name)
	db.execute("CREATE TABLE progress_table(id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT DEFAULT 'pending', worker TEXT)")
	db.executemany("INSERT INTO progress_table (state) VALUES (?)", [(state,) for state in states])
	db.commit()
db.execute("DELETE FROM progress_table WHERE id = 1")
db.commit()
END
jobs import --store u.sqlite --progress-table seed.db >/dev/null
has "what ran there waits here" "$(jobs status --store u.sqlite)" '^1 of 3 done, 2 waiting$'
says 3 'gap' import --store v.sqlite --progress-table odd.db
says 3 'no such table|not a database|cannot' import --store v.sqlite --progress-table one
says 3 'nosuch' import --store v.sqlite --progress-table nosuch.db
same "no list was made" "" "$(ls v.sqlite 2>/dev/null)"

# Lines that are wrong add nothing.
wrong() { # WORD LINE
	printf '{"name":"fine"}\n%s\n' "$2" >lines
	says 3 "$1" import --store v.sqlite lines
	same "nothing was added for $2" "" "$(ls v.sqlite 2>/dev/null)"
}
wrong 'line 2 is no JSON' '{"name":"x"'
wrong 'line 2 is no object' '[1]'
wrong "line 2: the field 'name' is no text" '{"name":7}'
wrong "'state' is no state" '{"name":"x","state":"gone"}'
wrong "'after' is no list of texts" '{"name":"x","after":[1]}'
wrong "'payload_hex' is no hexadecimal" '{"name":"x","payload_hex":"0g"}'
wrong "'attempts' is no number" '{"name":"x","attempts":-1}'
wrong "'colour' is not known" '{"name":"x","colour":"red"}'
printf '{"name":"x","after":["nobody"]}\n' >lines
says 3 "'nobody', which is not in the list" import --store v.sqlite lines
says 3 'cannot read nosuch' import nosuch
says 2 'one file' import one two
jobs import --store full.sqlite one >/dev/full 2>stderr
same "a full standard output" 3 "$?"
jobs export --store two.sqlite >/dev/full 2>stderr
same "export into a full disk" 3 "$?"
has "is said" "$(cat stderr)" 'cannot write the jobs: No space'

# A filter that is a command: jobs whose input is here.
rm -f jobs.sqlite*
jobs add --payload alpha in1 in2 other
touch here-in2
same "--filter-command" in2 "$(jobs work --filter-command 'test -e here-$ORDERLY_JOB' echo)"
same "it reads the payload" "in1" "$(jobs work --one --filter-command 'grep -q alpha' echo)"
same "with --filter both count" "" "$(jobs work --filter 'in*' --filter-command true echo)"
says 0 'can it be run' work --filter-command ./nosuch echo
same "take, too" other "$(jobs take --filter-command 'test $ORDERLY_JOB = other' --pid $$ --taker me)"
same "inside a job" other2 "$(jobs add other2 && ORDERLY_JOB=outer jobs work --one --filter 'other2' --filter-command 'test $ORDERLY_JOB = other2' echo)"
jobs done other --pid $$ --taker me

# --wait, --no-wait, --one, --stop-file, --stop-on-failure.
jobs add held
jobs take --pid $$ --taker me >/dev/null
same "--no-wait leaves" "" "$(jobs work --no-wait echo)"
jobs work --wait --stop-file stop 'echo {}' >found 2>stderr &
taker=$!
jobs add later
until_is() {
	local i
	for ((i = 0; i < 1000; i++)); do
		[ "$(cat found)" = "$1" ] && return
		sleep 0.02
	done
	fail "never: $1"
}
until_is later
kill -0 $taker || fail "--wait left"
touch stop
wait $taker
same "--stop-file ends --wait" 0 "$?"
jobs fail held --pid $$ --taker me
jobs add after-a-failure
says 1 'a job of the list has failed' work --stop-on-failure echo
same "--one" after-a-failure "$(jobs work --one echo)"

# A name from outside, as clusters give them; it can be used again.
rm -f jobs.sqlite*
jobs add n1 n2
same "\$ORDERLY_IDENTIFIER" "slurm-7" "$(ORDERLY_IDENTIFIER=slurm-7 orderly jobs work --one ': {}; echo $ORDERLY_TAKER')"
same "again" "slurm-7" "$(ORDERLY_IDENTIFIER=slurm-7 orderly jobs work --one ': {}; echo $ORDERLY_TAKER')"
same "--taker is before it" "me" "$(jobs add n3; ORDERLY_IDENTIFIER=slurm-7 orderly jobs work --taker me ': {}; echo $ORDERLY_TAKER')"
same "requeue means all" 0 "$(ORDERLY_IDENTIFIER=slurm-7 orderly jobs requeue)"

# Help to a job that another runs.
rm -f jobs.sqlite*
jobs add --max-takers 2 big
same "-j counts as takers" "1 2" "$(jobs work -j3 ': {}; echo $ORDERLY_ATTEMPT; sleep 0.2' | sort | xargs)"

# Completion: actions, options, and the words that some of them take.
completes() { # LINE
	bash -c '. "$1"; COMP_LINE=$2; COMP_POINT=${#2}; COMP_WORDBREAKS=" "; complete() { :; }; compopt() { :; }; _orderly; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$source_tree/tools/completion/orderly.bash" "$1" | sort | xargs
}
same "actions" "add cancel clear done export fail import requeue retry status take watch work" "$(completes "$ORDERLY jobs ")"
same "an action" "requeue retry" "$(completes "$ORDERLY jobs re")"
same "options" "--filter --filter-command --filter-every --fingerprint" "$(completes "$ORDERLY jobs work --fi")"
same "states" "canceled" "$(completes "$ORDERLY jobs clear --state c")"
same "styles" "auto bar json none plain" "$(completes "$ORDERLY jobs work --progress ")"
same "names are the user's" "" "$(completes "$ORDERLY jobs add ")"
for shell in zsh fish; do
	command -v $shell >/dev/null || continue
	case $shell in zsh) file=_orderly ;; *) file=orderly.fish ;; esac
	$shell -n "$source_tree/tools/completion/$file" || fail "$file is no $shell"
done

# How far all takers are.
jobs add --range 3
jobs work --progress json true 2>stderr
has "--progress" "$(tail -n 1 stderr)" '"done":4,"total":4,"running":0,"failed":0'
same "off where no terminal is" "" "$(jobs add x; jobs work true 2>&1)"
says 2 'auto, bar, plain' work --progress much true

# Bad input through the command.
name=$(printf '%0300d' 0)
says 3 '300 bytes, more than 255' add "$name"
says 3 "must not have a '/'" add a/b
says 3 'control character' add $'a\nb'
says 3 'must not begin with a dot' add .hidden
says 3 'local disk|no path|cannot|there is no list' status --store sqlite:/proc/self/nosuch/x
says 3 'there is no store' add --store ftp://x y
: >empty.sqlite
says 3 'is no list yet' status --store empty.sqlite
printf 'this is no database, and long enough to be seen as one that is damaged: %0200d' 0 >broken.sqlite
says 3 'was damaged and is .*/broken.sqlite.aside-1 now' add --store broken.sqlite x
jobs add --store broken.sqlite x || fail "a new one is not made"
same "nothing is deleted" "this is no database" "$(head -c 19 broken.sqlite.aside-1)"
python3 -c 'import sqlite3
sqlite3.connect("jobs.sqlite").execute("PRAGMA user_version = 99")'
says 3 'newer version' add y
python3 -c 'import sqlite3
sqlite3.connect("jobs.sqlite").execute("PRAGMA user_version = 1")'
if [ "$(id -u)" -ne 0 ]; then
	chmod a-w jobs.sqlite
	says 3 'writable' add y
fi
finish
