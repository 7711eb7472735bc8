#!/bin/bash
# What orderly does, on the files of this machine. usage: demo.sh [COMMAND [BUILD]]
#
# Everything is compared byte for byte with a loop that does one thing after the other.
set -euo pipefail
export LC_ALL=C
ORDERLY=${1:-${ORDERLY:?the path of the command}}
build=${2:-${ORDERLY_BUILD:-$(dirname "$ORDERLY")}}
words=$build/examples/words
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

step() { printf '\n== %s\n' "$*"; }
now() { date +%s%N; }
seconds() { awk -v ns="$(($(now) - $1))" 'BEGIN { printf "%.1f s", ns / 1e9 }'; }

# same WHAT EXPECTED FOUND
same() {
	if cmp -s "$2" "$3"; then
		echo "identical: $1 ($(wc -l <"$2") lines, $(wc -c <"$2") bytes)"
	else
		echo "DIFFERENT: $1: $(cmp "$2" "$3" 2>&1 || true)"
		failed=1
	fi
}

# against WHAT COMMAND...: the same command for every file, in a loop (xargs -n1) and with orderly
against() {
	local name=$1 start loop
	shift
	start=$(now)
	xargs -0 -n1 "$@" <"$work/files" >"$work/loop"
	loop=$(seconds "$start")
	start=$(now)
	"$ORDERLY" map -0 --progress=auto "$@" <"$work/files" >"$work/map"
	echo "one after the other: $loop; orderly map on $(nproc) processors: $(seconds "$start")"
	same "$name" "$work/loop" "$work/map"
}

# Kills a random worker of a running program every second; says how many.
kill_workers() {
	local program=$1 spawner victim killed=0
	while sleep 1 && kill -0 "$program" 2>/dev/null; do
		spawner=$(pgrep -P "$program" | head -1) || break
		victim=$(pgrep -P "$spawner" | shuf -n 1) || continue
		if [ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null; then killed=$((killed + 1)); fi
	done
	echo "$killed" >"$work/killed"
}

step "The files"
find /usr/include /usr/share/doc -type f -print0 | sort -z >"$work/files"
count=$(tr -cd '\0' <"$work/files" | wc -c)
echo "$count regular files below /usr/include and /usr/share/doc"
[ "$count" -ge 1000 ] || {
	echo "that is too few for a demonstration (1000 are needed)"
	exit 1
}

step "Checksums: orderly map sha256sum {}"
against "checksums" sha256sum

step "Word counts: orderly map wc -w {}"
against "word counts" wc -w

step "Words counted by a function in worker processes: docs/examples/words.c"
# As many files as surely fit on a command line, some of them several times.
mapfile -d '' -t files <"$work/files"
few=("${files[@]:0:3000}")
many=("${few[@]}" "${few[@]}" "${few[@]}" "${few[@]}")
start=$(now)
"$words" "${many[@]}" >"$work/quiet" 2>"$work/messages"
echo "${#many[@]} tasks in $(seconds "$start"); messages of the workers came live, the last three:"
tail -3 "$work/messages"
tail -1 "$work/quiet"

step "The same, while a random worker is killed every second"
start=$(now)
"$words" "${many[@]}" >"$work/killing" 2>"$work/messages" &
program=$!
# Slowed down by stops, so that there is time for some kills.
(while kill -STOP "$program" 2>/dev/null; do sleep 0.4; kill -CONT "$program" 2>/dev/null || break; sleep 0.1; done) &
brake=$!
kill_workers "$program"
status=0
wait "$program" || status=$?
kill "$brake" 2>/dev/null || true
wait "$brake" 2>/dev/null || true
echo "$(cat "$work/killed") workers killed in $(seconds "$start"), exit status $status"
[ "$(cat "$work/killed")" -gt 0 ] && [ "$status" -eq 0 ] || failed=1
same "counts with and without dying workers" "$work/quiet" "$work/killing"

step "Progress, tags and places, in the words of GNU parallel"
"$ORDERLY" map -j2 --progress=plain --tag 'sleep 0.{}; echo "task {#} in place {%}"' ::: 5 1 3 2 4 2>&1

echo
if [ "$failed" -eq 0 ]; then
	echo "demo: everything is identical"
else
	echo "demo: FAILED"
fi
exit "$failed"
