#!/bin/bash
# Instructions per task in the loopback harness: the difference of two runs under callgrind, which no load disturbs.
set -euo pipefail
program=${ORDERLY_BUILD:-build/release}/bench/bench_loopback
name="instructions per task, loopback harness"
short=20000
long=120000

skip() {
	printf '{"name": "%s", "against": null, "skipped": "%s"}\n' "$name" "$1"
	exit 0
}

[ -x "$program" ] || skip "bench_loopback is not built"
command -v valgrind >/dev/null || skip "valgrind is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

instructions() {
	valgrind --tool=callgrind --callgrind-out-file="$work/out" --log-file="$work/log" "$program" "$1" >/dev/null
	awk '/^totals:/ { print $2 }' "$work/out"
}

few=$(instructions $short)
many=$(instructions $long)
read -r load _ </proc/loadavg
awk -v name="$name" -v n=$((many - few)) -v tasks=$((long - short)) -v load="$load" 'BEGIN {
	printf "{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"instructions\", ", name, n / tasks
	printf "\"reference\": null, \"ratio\": null, \"against\": null, \"goal\": \"<= 200\", "
	printf "\"stretch\": \"<= 130\", \"rounds\": 1, \"load\": %.1f}\n", load }'
