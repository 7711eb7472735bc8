#!/bin/bash
# A PostgreSQL server for one test program: in a new folder, on a unix socket only, as an ordinary user.
# usage: server.sh   prints the folder when the server is up; it is stopped and removed when standard input ends.
#
# Into the fifo FOLDER/control go: stop, crash (nothing is flushed), start. Each is answered by a line in
# FOLDER/reply. Exit status 77: PostgreSQL's server is not installed.
set -u
bin=$(find /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /usr/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -1)
bin=${bin%/*}
[ -n "$bin" ] && [ -x "$bin/pg_ctl" ] && [ -x "$bin/postgres" ] || exit 77
folder=$(mktemp -d "${TMPDIR:-/tmp}/ord-pg-XXXXXX") || exit 1
as=()
# The server refuses to be root.
if [ "$(id -u)" = 0 ]; then
	user=nobody
	as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups env "HOME=$folder")
	chown "$user" "$folder"
	chmod 755 "$folder"
fi
ctl() {
	"${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" "$@" >>"$folder/ctl.log" 2>&1 3<&- 4<&- 5<&-
}
# A server that is killed loses nothing without flushing either, as long as the machine lives.
flush="-c fsync=off -c full_page_writes=off -c shared_buffers=32MB"
[ -z "${ORD_TEST_SERVER_FLUSHES:-}" ] || flush=
start() {
	ctl -w -t 60 -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c max_connections=60 -c autovacuum_naptime=5 $flush" start
}
leave() {
	trap '' TERM INT HUP
	ctl -m immediate stop
	# The small disk of a test that did not end well.
	[ ! -d "$folder/full" ] || umount -l "$folder/full" 2>/dev/null
	rm -rf "$folder"
	exit "${1:-0}"
}
trap 'leave 1' TERM INT HUP
cd /
"${as[@]}" "$bin/initdb" -D "$folder/data" -U orderly --auth=trust --no-sync -E UTF8 --locale=C >"$folder/initdb.log" 2>&1 || {
	cat "$folder/initdb.log" >&2
	leave 1
}
# So that a wrong password can be tried.
sed -i '1i local all guarded scram-sha-256' "$folder/data/pg_hba.conf"
start || {
	cat "$folder/ctl.log" "$folder/log" >&2
	leave 1
}
mkfifo "$folder/control" "$folder/reply"
# Both ends of both, so that nobody waits for a test that has died.
exec 3<&0 4<>"$folder/control" 5<>"$folder/reply"
(cat <&3 >/dev/null; echo quit >"$folder/control") 4<&- 5<&- &
echo "$folder"
exec >/dev/null
postmaster() { head -1 "$folder/data/postmaster.pid"; }
while read -r command <&4; do
	case $command in
	quit) leave ;;
	stop) ctl -m fast -w -t 60 stop ;;
	crash) ctl -m immediate -w -t 60 stop ;;
	start) start ;;
	*) false ;;
	esac
	echo "$?" >&5
done
leave 1
