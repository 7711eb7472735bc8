#!/bin/bash
# --joblog: the columns of GNU parallel.
. "$(dirname "$0")/lib.sh"

columns() { cut -f1,2,5- "$1" | sed '1!s/\t-1\t[0-9]*\t/\t-1\tkilled\t/'; }
tasks=('echo hi' 'exit 3' 'kill -9 $$' 'sleep 1000' $'echo a\necho b' "echo 'a	b' >&2" ':')
start=$(milliseconds)
map -j1 --timeout 3 --joblog log 'eval {}' ::: "${tasks[@]}" >/dev/null 2>&1
same "exit status" 3 "$?"
took=$(($(milliseconds) - start))
if command -v parallel >/dev/null; then
	# It cuts arguments at newlines.
	parallel -j1 --timeout 3 --joblog theirs 'eval {}' ::: "${tasks[@]:0:4}" "${tasks[@]:5}" >/dev/null 2>&1
	map -j1 --timeout 3 --joblog ours 'eval {}' ::: "${tasks[@]:0:4}" "${tasks[@]:5}" >/dev/null 2>&1
	columns theirs >expected
	columns ours >found
	same_files "columns against parallel's" expected found
fi
same "a newline in a command is a NUL" 1 "$(grep -ac "echo a.echo b" log)"
same "rows" 8 "$(wc -l <log)"
# One after the other, they began after the command did and took no longer than it.
awk -F'\t' -v from="$start" -v now="$(milliseconds)" -v took="$took" \
	'NR > 1 && ($3 < from / 1000 - 1 || $3 > now / 1000 + 1) { print "started:", $0 }
	NR > 1 && $4 < 0 { print "ran:", $0 }
	NR > 1 { sum += $4 }
	END { if (sum > took / 1000 + 0.1) print "ran:", sum, took }' log >wrong
same "times" "" "$(cat wrong)"
awk -F'\t' '$1 == 4 && $4 < 2.9' log >wrong
same "the time of a timeout" "" "$(cat wrong)"

map --joblog +log echo ::: x >/dev/null
same "rows after adding" 9 "$(wc -l <log)"
map --joblog log echo ::: x >/dev/null
same "rows after writing it anew" 2 "$(wc -l <log)"
for options in "--completion" "--halt soon,fail=2" "--tag"; do
	# shellcheck disable=SC2086
	map $options -j8 --joblog log 'sleep 0.0{}; exit $(({} % 2))' ::: $(seq 9) >/dev/null 2>&1
	same "rows with $options are told once" "" "$(cut -f1 log | sort | uniq -d)"
	same "exit values with $options" "" "$(awk -F'\t' 'NR > 1 && $7 != $1 % 2' log)"
done

map --joblog log --halt now,fail=1 -j2 'sleep {}; exit 2' ::: 30 0.2 0.2 0.2 >/dev/null 2>&1
same "what never started is not in it" "" "$(awk -F'\t' 'NR > 1 && $1 > 2' log)"

refuses 255 "cannot write the job log no/such/log: No such file" --joblog no/such/log true ::: a
if [ -w /dev/full ]; then
	map --joblog /dev/full echo ::: a b >found 2>stderr
	same "a job log on a full disk: exit status" 255 "$?"
	has "a job log on a full disk" "$(cat stderr)" "cannot write the job log /dev/full: No space left"
	same "a job log on a full disk: said once" 1 "$(wc -l <stderr)"
fi
finish
