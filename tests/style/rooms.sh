#!/bin/bash
# Who may include whom. usage: rooms.sh [TREE]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"

# room: the rooms it may include beside itself. Public headers, <orderly/...>, are open to all.
# core sees the claim words of shared, which are memory and no I/O.
# jobs and graph are customers of the library: they have its public headers, and base, which knows nothing of orderly
# and is linked into them too.
rooms='
base:
core: base shared
wire: base
shared: base
events: base
spawn: base shared wire
capture: base shared
worker: base shared wire capture spawn
deliver: base core
pool: base core wire shared spawn worker capture deliver events
queue: base core deliver
map: base core deliver
progress: base
jobs: base jobs/memory jobs/sqlite jobs/directory jobs/postgresql
jobs/memory: base jobs
jobs/sqlite: base jobs
jobs/directory: base jobs
jobs/postgresql: base jobs
graph: base graph/names graph/schedule graph/file graph/history graph/inputs graph/watch graph/logs graph/jobserver
graph/schedule: base
graph/names: base graph/schedule
graph/file: base graph/names
graph/history: base graph/names
graph/inputs: base graph/history
graph/watch: base graph/inputs graph/schedule
graph/logs: base graph/inputs
graph/jobserver: base graph/names
'
# One file each, with a reason: entry.c hands the worker's function to the spawner.
exceptions=' lib/spawn/entry.c:worker '
# The only files that know the transport.
zmq_files=' lib/wire/channel.c lib/wire/channel.h '

status=0
wrong() {
	printf '%s\n' "$1"
	status=1
}

allowed() { # ROOM OTHER
	grep -Eq "^$1:.* $2( |\$)" <<<"$rooms"
}

alone() { # FILE LINE HEADER OWNER: a library that one file knows
	[ "$1" = "$4" ] || wrong "$1:$2: only $4 includes $3"
}

check_lib() { # FILE LINE HEADER, the header with its quotes
	local room=${1#lib/} other=${3#\"}
	room=${room%/*}
	case "$3" in
	'<czmq'*) wrong "$1:$2: czmq has no place in the library" ;;
	'<sqlite3'*)
		case "$room" in
		jobs*) alone "$@" lib/jobs/sqlite/sqlite.h ;;
		*) alone "$@" lib/graph/history/database.c ;;
		esac ;;
	'<libpq-fe'*) alone "$@" lib/jobs/postgresql/libpq.h ;;
	'<pcre2'*) alone "$@" lib/graph/inputs/globs.c ;;
	'<xxh'*) alone "$@" lib/graph/history/digest.c ;;
	'<yaml'*) alone "$@" lib/graph/file/yaml.c ;;
	'<zmq'*)
		case "$zmq_files" in
		*" $1 "*) ;;
		*) wrong "$1:$2: only lib/wire/channel.c and channel.h include zmq.h" ;;
		esac ;;
	\"*/*)
		other=${other%/*}
		if [ "$other" != "$room" ] && ! allowed "$room" "$other" &&
			[ "${exceptions/ $1:$other /}" = "$exceptions" ]; then
			wrong "$1:$2: $room may not include $other ($3)"
		fi ;;
	\"*) wrong "$1:$2: say the room: #include \"$room/${other%\"}\"" ;;
	esac
}

check_outside() { # FILE LINE HEADER: the public headers and the command see public headers only
	case "$3" in
	\"*/*) wrong "$1:$2: only public headers here, not $3" ;;
	\"*) [ "${1%%/*}" = tools ] || wrong "$1:$2: public headers include each other as <orderly/...>" ;;
	'<zmq'* | '<czmq'*) [ "${1%%/*}" = tools ] || wrong "$1:$2: no type of the transport in a public header" ;;
	esac
}

for folder in $(find lib -mindepth 1 -type d | sort); do
	room=${folder#lib/}
	grep -q "^$room:" <<<"$rooms" || wrong "lib/$room: a room that is not in the table of rooms.sh"
done

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]*[>"]?)'
while IFS=: read -r file line text; do
	[[ "$text" =~ $include ]] && header=${BASH_REMATCH[1]} || header=$text
	case "$file" in
	lib/*) check_lib "$file" "$line" "$header" ;;
	*) check_outside "$file" "$line" "$header" ;;
	esac
done < <(find lib include tools/orderly -name '*.[ch]' 2>/dev/null | sort | xargs -r python3 "$here/source.py" includes)

exit $status
