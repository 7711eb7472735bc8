#!/bin/bash
# What the command says where there is too little of something: an exit status, a sentence, nothing left.
. "$(dirname "$0")/lib.sh"

# starved STATUS PATTERN: what the last command ended with and said
starved() {
	same "$what: exit status" "$1" "$status"
	has "$what" "$(cat stderr)" "$2"
}

# Files that may not be long. The signal that the kernel sends beside the error is none of the user's business.
what="a long output"
(
	ulimit -f 1
	map 'head -c 3000 /dev/zero #' ::: 1 2 3 >found 2>stderr
)
status=$?
starved 255 "cannot write to standard output: File too large"
what="a long job log"
(
	ulimit -f 1
	map --joblog log 'echo {} a line that makes the log longer' ::: $(seq 100) 2>stderr | wc -l >found
	exit "${PIPESTATUS[0]}"
)
status=$?
starved 255 "cannot write the job log log: File too large"
same "$what: the tasks were run all the same" 100 "$(cat found)"
what="output that is held"
(
	ulimit -f 1
	map --completion -j2 'head -c 3000000 /dev/zero; sleep 0.$((RANDOM % 2)) #' ::: 1 2 3 4 2>stderr | wc -c >found
	exit "${PIPESTATUS[0]}"
)
status=$?
[ "$status" = 0 ] || starved 255 "cannot keep the output of commands in a file"
[ "$status" != 0 ] || same "$what" 12000000 "$(cat found)"
what="a command has its own limit and signal"
(
	ulimit -f 1
	map 'head -c 3000 /dev/zero >long{}' ::: 1 2>stderr
)
status=$?
starved 1 "" # head is killed by SIGXFSZ, the shell says 153

# Descriptors: from none to enough.
for n in 3 4 5 6 8 10 12 16 24 32 36 40 44 48; do
	(
		exec >found 2>stderr </dev/null
		ulimit -n $n
		exec "$ORDERLY" map -j4 echo ::: {1..20}
	)
	status=$?
	what="$n descriptors"
	if [ "$status" = 0 ]; then
		same "$what: output" "$(seq 20)" "$(cat found)"
	else
		has "$what" "$(cat stderr)" "open files|Too many open files|shared libraries" # the loader may fail
	fi
done
same "enough descriptors" 0 "$status"

# Processes, as a user that nobody else is. Each task either ran or says why not.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 777 .
	user=$((1000000 + $$))
	for n in 1 2 3 5 9 30; do
		# An instrumented one would need a process more to look for leaks.
		ASAN_OPTIONS=detect_leaks=0 setpriv --reuid "$user" --clear-groups bash -c "ulimit -u $n; exec $ORDERLY map -j4 'exec echo' ::: {1..12}" >found 2>stderr
		status=$?
		what="$n processes"
		if [ "$status" = 0 ]; then
			same "$what: output" "$(seq 12)" "$(cat found)"
		else
			has "$what" "$(cat stderr)" "Resource temporarily unavailable .*ulimit -u"
			[ "$status" = 255 ] || same "$what: failed and done" 12 $((status + $(wc -l <found)))
		fi
	done
	same "enough processes" 0 "$status"
fi

# Memory.
for kib in 6000 9000 12000 15000 18000 21000 30000; do
	(
		ulimit -v $kib
		map -j4 echo ::: $(seq 20) >found 2>stderr
	)
	status=$?
	what="$kib KiB"
	if [ "$status" = 0 ]; then
		same "$what: output" "$(seq 20)" "$(cat found)"
	else
		[ -s stderr ] || fail "$what: nothing is said, status $status"
	fi
done

# A full disk, and no place for files. The first task ends when the output of the second is held.
held='[ {} = 1 ] && until [ -e held ]; do sleep 0.05; done; head -c 9000000 /dev/zero; [ {} != 2 ] || : >held'
if unshare -m true 2>/dev/null; then
	mkdir small
	export what
	full() {
		unshare -m bash -c 'mount -t tmpfs -o size=64k none small && shift && "$@"' - "$@" 2>stderr
		status=$?
	}
	if unshare -m mount -t tmpfs none small 2>/dev/null; then
		what="a full disk under the job log"
		full x "$ORDERLY" map --joblog small/log 'echo {} a line that makes the log longer' ::: $(seq 3000) >found
		starved 255 "cannot write the job log small/log: No space left"
		same "$what: the tasks were run all the same" 3000 "$(wc -l <found)"
		same "$what: said once" 1 "$(wc -l <stderr)"
		what="a full disk under the output"
		full x bash -c '"$0" map "head -c 50000 /dev/zero #" ::: 1 2 3 >small/out' "$ORDERLY"
		starved 255 "cannot write to standard output: No space left"
		what="a full disk under what is held"
		full x env TMPDIR=small "$ORDERLY" map -j2 --halt soon,fail=9 \
			"$held" ::: 1 2 3 4 >found
		starved 255 "cannot keep the output of commands in a file .TMPDIR says where.: No space left"
	fi
fi
what="no directory for what is held"
rm -f held
TMPDIR=/nowhere map -j2 --halt soon,fail=9 "$held" ::: 1 2 3 4 >found 2>stderr
status=$?
starved 255 "cannot keep the output of commands in a file .TMPDIR says where.: No such file"

# Streams. A reader that goes away, one that is slow, one that takes nothing.
if [ -w /dev/full ]; then
	map 'echo {} >&2' ::: 1 2 >found 2>/dev/full
	same "what commands say on stderr does not fit: exit status" 255 "$?"
	map --help >/dev/full 2>/dev/null && fail "--help on a full disk"
fi
map 'seq 20000; echo {}' ::: $(seq 30) | (sleep 1; cat) >found
for i in $(seq 30); do seq 20000; echo "$i"; done >expected
same_files "a slow reader" expected found
start=$(milliseconds)
map 'yes {}' ::: a b | head -1 >found
same "a reader that goes away: exit status" 141 "${PIPESTATUS[0]}"
same "a reader that goes away: output" a "$(cat found)"
map --completion 'seq 100000 #' ::: $(seq 50) 2>stderr | head -1 >found
same "a reader that goes away, --completion: exit status" 141 "${PIPESTATUS[0]}"

# Standard descriptors that are closed.
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
	eval "ORDERLY_TEST_MARK=$mark timeout 600 $ORDERLY map 'echo {} >>written; cat' ::: a b $closed" >found 2>stderr
	status=$?
	case $closed in
	*' '2* | 2*) ;; # nobody could be told
	*) [ "$status" = 0 ] || [ -s stderr ] || fail "$closed: status $status and nothing is said" ;;
	esac
	[ "$status" = 0 ] || [ "$status" = 255 ] || fail "$closed: exit status $status"
	same "$closed: the commands were run" "a b" "$(sort written | tr '\n' ' ' | sed 's/ $//')"
	rm -f written
done

# A quota, in the middle of the job log. What is instrumented takes no other library before its own.
if ! nm -D "$ORDERLY" 2>/dev/null | grep -Eq '__(asan|tsan|ubsan)_' && cat >shim.c <<'END' && "${ORDERLY_CC:-cc}" -shared -fPIC -o shim.so shim.c -ldl 2>/dev/null; then
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdio.h>

/* Files whose name ends in "quota" take a hundred bytes. */
ssize_t
write(int fd, const void *bytes, size_t size)
{
	ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	static size_t written;
	char link[64], path[4096];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	path[length > 0 ? length : 0] = '\0';
	if (length < 5 || strcmp(path + length - 5, "quota") != 0)
		return real(fd, bytes, size);
	if (written + size > 100) {
		errno = EDQUOT;
		return -1;
	}
	written += size;
	return real(fd, bytes, size);
}
END
	what="a job log over quota"
	LD_PRELOAD=$PWD/shim.so map --joblog log.quota echo ::: $(seq 50) >found 2>stderr
	status=$?
	starved 255 "cannot write the job log log.quota: Disk quota exceeded"
	same "$what: the tasks were run all the same" "$(seq 50)" "$(cat found)"
	what="output over quota"
	LD_PRELOAD=$PWD/shim.so map 'head -c 200 /dev/zero #' ::: 1 2 >out.quota 2>stderr
	status=$?
	starved 255 "cannot write to standard output: Disk quota exceeded"
fi
finish
