#!/bin/bash
# What is said of commands that a signal or the kernel ended: the line about it, the job log, the exit status.
. "$(dirname "$0")/lib.sh"

# The last two columns but the command: Exitval, Signal.
ends() { sed 1d log | sort -n | cut -f7,8; }

gives 3 "" --joblog=log -j1 'sh -c' ::: 'kill -SEGV $$' 'echo dying >&2; kill -KILL $$' 'exit 7' ':'
has "a signal" "$(cat stderr)" '^orderly map: task 1: the command was killed by SIGSEGV.*: sh -c'
has "another" "$(cat stderr)" '^orderly map: task 2: the command was killed by SIGKILL; it last said: "dying": sh -c'
same "an exit code is the command's own affair" "" "$(grep 'task 3' stderr)"
same "their rows" $'0\t11\n0\t9\n7\t0\n0\t0' "$(ends)"

# A command that was built with a sanitizer has forbidden cores to itself and all below it.
if bash -c "ulimit -c unlimited; sh -c 'kill -ABRT \$\$'; :" 2>&1 | grep -q 'core dumped' &&
	[ "$(ulimit -c unlimited; map 'ulimit -c; : {}' ::: x)" = unlimited ]; then
	(ulimit -c unlimited; map 'sh -c' ::: 'kill -ABRT $$') >/dev/null 2>stderr
	has "a core" "$(cat stderr)" 'task 1: the command was killed by SIGABRT \(core dumped\)'
else
	echo "skipped: no process leaves a core here"
fi

# A control group with a small limit, in version 1 or 2; `home` is where this shell was.
enter_group() {
	local path mount file
	while read -r path mount file; do
		home=$mount${path%/}
		group=$home/$mark
		mkdir "$group" || continue
		if echo 67108864 >"$group/$file" && echo $BASHPID >"$group/cgroup.procs"; then
			echo 0 >"$group/memory.swap.max"
			echo 67108864 >"$group/memory.memsw.limit_in_bytes"
			return 0
		fi
		rmdir "$group"
	done < <(sed -n -e 's,^[0-9]*:memory:\(.*\),\1 /sys/fs/cgroup/memory memory.limit_in_bytes,p' \
		-e 's,^0::\(.*\),\1 /sys/fs/cgroup memory.max,p' /proc/self/cgroup)
	return 1
} 2>/dev/null

if enter_group; then
	gives 2 "" --joblog=log -j1 'sh -c' ::: 'x=$(head -c 300000000 /dev/zero | tr "\\0" x)' \
		'head -c 300000000 /dev/zero | tail -n 1; exit $?'
	has "out of memory" "$(cat stderr)" '^orderly map: task 1: the command ended by SIGKILL: the memory of its control group'
	has "below a shell" "$(cat stderr)" '^orderly map: task 2: the command ended with exit code 137: the memory of its control group'
	same "their rows" $'0\t9\n137\t0' "$(ends)"
	echo $$ >"$home/cgroup.procs"
	within 100 rmdir "$group" 2>/dev/null || fail "the control group is in use"
else
	echo "skipped: no control group with a memory limit can be made here"
fi
finish
