#!/bin/bash
# orderly jobs, each action on a list in PostgreSQL, and two takers that share it.
. "$(dirname "$0")/lib.sh"
needs_jobs
coproc server { exec "$ORDERLY_SOURCE/tests/jobs/server.sh"; }
pid=$server_PID
read -r folder <&"${server[0]}" || exit 77
end_server() {
	exec {server[1]}>&-
	wait "$pid" 2>/dev/null
}
trap 'end_server' EXIT
store="postgresql://orderly:hush@/postgres?host=$folder&list=cli"
export ORDERLY_STORE=$store

jobs status >found 2>stderr
same "no list: exit status" 3 "$?"
if grep -q 'not built in' stderr; then
	echo "skipped: libpq is not built in"
	exit 77
fi
has "no list: is said" "$(cat stderr)" "there is no list"
jobs add a b || fail "add"
jobs add --payload text --require gpu c
jobs add --after a d
has "the password is not shown" "$(jobs status --json)" 'orderly:\*\*\*\*@'
same "counts" "waiting:3 blocked:1 " "$(states)"
jobs take --pid $$ --taker shell --no-wait >taken || fail "take"
has "take" "$(cat taken)" '^a'
has "running" "$(states)" 'running:1'
jobs done --pid $$ --taker shell a || fail "done"
jobs take --pid $$ --taker shell --no-wait >taken || fail "take b"
jobs fail --pid $$ --taker shell b || fail "fail"
has "failed" "$(states)" 'failed:1'
same "retry" 1 "$(jobs retry b | grep -o '[0-9]*')"
jobs work 'echo {} >>worked' 2>/dev/null
same "work" "b d" "$(sort worked | tr '\n' ' ' | sed 's/ $//')"
same "cancel" 1 "$(jobs cancel c | grep -o '[0-9]*')"
jobs export >exported || fail "export"
same "export" 4 "$(wc -l <exported)"
same "clear" 4 "$(jobs clear | grep -o '[0-9]*')"
same "import" 4 "$(jobs import exported | grep -o '[0-9]*')"
jobs clear >/dev/null
each_job_once
end_server
trap - EXIT
finish
