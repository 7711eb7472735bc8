#!/bin/bash
# orderly run and what procs say when that is much: whole in each mode, and never in memory as a whole.
. "$(dirname "$0")/lib.sh"
needs_run

megabytes=${ORDERLY_LARGE_LOG_MIB:-30}
lines=$((megabytes * 60000))
cat >orderly.yaml <<END
version: 1
procs:
  many: {run: 'yes 0123456789abcdef | head -n $lines'}
  fails: {run: 'yes 0123456789abcdef | head -n $lines; exit 3', log_on_failure: full}
  line: {run: "head -c ${megabytes}000000 /dev/zero | tr '\\\\0' x; exit 3", log_on_failure: full}
  beside: {run: 'until [ -e go ]; do sleep 0.05; done; touch went'}
  two: {run: 'yes 0123456789abcdef | head -n $lines; touch go; until [ -e went ]; do sleep 0.05; done; printf end'}
  both: {deps: [two, beside]}
  small: {run: 'printf "a\nb"; exit 3', log_on_failure: full}
END
yes 0123456789abcdef | head -n $lines >wanted
# measured STATUS ARGUMENT...: a run; what its process needed at most, in MiB, is in $most
measured() {
	rm -f go went
	most=$(python3 - "$ORDERLY" "${@:2}" <<'END'
import os, subprocess, sys
with open("found", "wb") as out, open("stderr", "wb") as err:
    child = subprocess.Popen([sys.argv[1], "run", *sys.argv[2:]], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    _, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss // 1024, os.waitstatus_to_exitcode(status))
END
	)
	same "${*:2}: exit status" "$1" "${most#* }"
	most=${most% *}
}
# Sanitizers keep what was freed, so they say nothing about memory.
bounded() {
	ldd "$ORDERLY" | grep -qE 'lib[at]san' && return
	[ "$most" -lt 50 ] || fail "$1: needs $most MiB for $megabytes of output"
}

for mode in group stream quiet; do
	measured 0 --output=$mode many
	bounded "$mode"
	[ $mode = quiet ] || same_files "$mode: whole" wanted found
done
measured 0 -j2 both
bounded "group, beside another"
{
	cat wanted
	printf 'end\n'
} >expected
same_files "group, beside another: whole" expected found
measured 3 -x fails
bounded "a failure"
same_files "a failure: whole" wanted found
sed -n 's/^  | //p' stderr >quoted
same_files "a failure: quoted" wanted quoted
measured 3 -x line
bounded "a line"
same "a line: whole, with one newline" "${megabytes}000001 1" "$(stat -c %s found) $(wc -l <found)"
measured 3 -x small
same "small" $'a\nb' "$(cat found)"
same "small, quoted" $'  | a\n  | b' "$(grep '^  |' stderr)"
measured 0 --output=prefix many
sed 's/^\[many\] //' found | cmp -s - wanted || fail "prefix: not whole"
# A line that does not end is told in parts, while it comes.
measured 3 -x --output=prefix line
bounded "prefix, a line"
[ "$(wc -l <found)" -ge $((megabytes / 3)) ] || fail "prefix, a line: told in $(wc -l <found) parts"
same "prefix, a line: whole" "$megabytes"000000 "$(sed 's/^\[line\] //' found | tr -d '\n' | tee letters | wc -c)"
same "prefix, a line: nothing else" '' "$(tr -d x <letters)"

# Who writes faster than it is read keeps nobody: the end of another is told while it goes on.
cat >orderly.yaml <<'END'
version: 1
procs:
  quick: {run: 'until [ -e flows ]; do sleep 0.05; done'}
  flood:
    run: |
      for i in $(seq 1000); do
        yes | head -c 400000
        [ "$i" -lt 5 ] || touch flows
        [ ! -e stop ] || exit 0
        sleep 0.02
      done
      exit 1
  all: {deps: [flood, quick]}
END
mkfifo told
while read -r event; do
	case $event in *'"proc":"quick"'*) touch stop ;; esac
done < <(grep -a --line-buffered '"event":"proc_end"' told) &
timeout -s KILL 100 "$ORDERLY" run -j2 --output=quiet --events told --events-log all >/dev/null 2>stderr
same "the end of another beside a flood: exit status" 0 "$?"
wait
finish
