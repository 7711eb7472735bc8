#!/bin/bash
# In a pid namespace of its own nothing survives anything: whoever is killed, also the spawner, with all that left its
# group or its session. The first process of the namespace is the host's shell; its end is the end of all.
set -euo pipefail
inside="unshare --user --map-root-user --pid --fork --kill-child"
$inside true 2>/dev/null || inside="unshare --pid --fork --kill-child"
$inside true 2>/dev/null || {
	echo "skipped: this system lets nobody make a pid namespace"
	exit 77
}
mark=orderly-namespace-$$-$RANDOM

# How many processes have the mark in their environment.
marked() {
	grep -alz "^ORDERLY_TEST_MARK=$mark\$" /proc/[0-9]*/environ 2>/dev/null | wc -l
}

# until_marked TEST: within half a minute
until_marked() {
	local turn
	for ((turn = 0; turn < 300; turn++)); do
		# shellcheck disable=SC2086
		! [ "$(marked)" $1 ] || return 0
		sleep 0.1
	done
	echo "$(marked) processes, not $1"
	return 1
}

for victim in shell master spawner; do
	# A session of its own below a command, whose parent goes on.
	# shellcheck disable=SC2086
	ORDERLY_TEST_MARK=$mark $inside sh -c '"$0" map -j2 "setsid sh -c \"trap : TERM HUP; sleep 1000; sleep 1000\" & sleep 100{#}" ::: a b; exit $?' \
		"$ORDERLY" >/dev/null 2>&1 </dev/null &
	outer=$!
	until_marked "-ge 9"
	shell=$(pgrep -P "$outer" | head -n 1)
	master=$(pgrep -P "$shell" | head -n 1)
	case "$victim" in
	shell) kill -KILL "$shell" ;;
	master) kill -KILL "$master" ;;
	spawner) kill -KILL "$(pgrep -P "$master" | head -n 1)" ;;
	esac
	until_marked "-eq 0" || {
		echo "after the $victim was killed"
		kill -KILL "$outer"
		exit 1
	}
	wait "$outer" 2>/dev/null || true
done
