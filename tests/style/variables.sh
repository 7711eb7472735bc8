#!/bin/bash
# Variables at file scope: none in the library, but for those listed here. usage: variables.sh [TREE [BUILD]]
set -euo pipefail
build=${2:-$ORDERLY_BUILD}
objects=$build/CMakeFiles

# room/file.c:name, then the reason
allowed='
spawn/entry.c:ran   whether ord_worker_main ran is about the process, not about a pool
jobs/postgresql/libpq.c:libpq   functions of a library, which a process opens once
jobs/postgresql/libpq.c:fault   the same: why it cannot be opened
jobs/postgresql/libpq.c:opened   the same: that it was tried
worker/log.c:running   the task that this thread runs, so that ord_log needs no argument; workers only
'

found=$(find "$objects" -path '*/orderly*_objects.dir/*' -name '*.o' | sort | while read -r object; do
	# Constants with addresses in them lie in .data.rel.ro: not mutable. 17 is where objdump's flags begin;
	# d is a section, F a function.
	objdump -tw "$object" | awk -v file="${object#"$objects"/*/lib/}" '
		substr($0, 17, 8) !~ /[dF]/ && match($0, / (\.data|\.bss|\.tdata|\.tbss|\*COM\*)[^ \t]*[ \t]/) &&
		substr($0, RSTART, RLENGTH) !~ /^ \.data\.rel\.ro/ {
			sub(/\.o$/, "", file); name = $NF; sub(/\.[0-9]+$/, "", name); print file ":" name }'
done)
[ -n "$(find "$objects"/orderly_objects.dir -name '*.o' -print -quit)" ] || { echo "$objects: no objects"; exit 1; }

status=0
for variable in $found; do
	grep -q "^$variable[[:space:]]" <<<"$allowed" || {
		echo "$variable: a variable at file scope"
		status=1
	}
done
exit $status
