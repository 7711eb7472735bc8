#!/bin/bash
# The program of the first page, docs/examples/words.c: right, in order, live, also when workers are killed.
. "$(dirname "$0")/lib.sh"
words=${ORDERLY_BUILD:-$(dirname "$ORDERLY")}/examples/words
[ -x "$words" ] || {
	cd / && rm -rf "$work"
	echo "there is no $words"
	exit 77
}
run() { ORDERLY_TEST_MARK=$mark timeout -k 60 600 "$words" "$@"; }

mkdir files
for i in $(seq 300); do
	seq "$((i * 37 % 911))" | tr '\n' "$([ $((i % 2)) -eq 0 ] && echo ' ' || echo '\n')" >"files/$i"
done
for i in $(seq 300); do
	printf '%7d files/%d\n' "$(wc -w <"files/$i")" "$i"
done >expected
printf '%7d in 300 files\n' "$(cat files/* | wc -w)" >>expected
mapfile -t paths < <(seq -f 'files/%g' 300)

run "${paths[@]}" >found 2>messages
same "exit status" 0 "$?"
same_files "counts" expected found
sed 's/^\[worker [0-9]*\] counting //' messages | sort >heard
same_files "a message of each task" <(printf '%s\n' "${paths[@]}" | sort) heard

run files/1 files/none files/2 >found 2>messages
same "a file that is not there: exit status" 1 "$?"
same "a file that is not there: the others" "$(sed -n 1,2p expected)" "$(sed -n 1,2p found)"
has "a file that is not there" "$(cat messages)" '^words: .*cannot read files/none'
run >found 2>messages
same "no files" "      0 in 0 files" "$(cat found)"

# A FIFO makes a task wait while workers are killed around it; the waiting one is tried again.
mkfifo fifo
run "${paths[@]:0:100}" fifo "${paths[@]:100}" >found 2>messages &
pid=$!
exec 9<>fifo
within 100 grep -q 'counting fifo' messages || fail "the FIFO was not begun"
ours() { pgrep -f -- "^$words( |\$)" | while read -r p; do grep -qzs "^ORDERLY_TEST_MARK=$mark\$" "/proc/$p/environ" && echo "$p"; done; }
spawner=$(for p in $(ours); do tr '\0' ' ' <"/proc/$p/cmdline" | grep -q -- '--orderly-spawner' && echo "$p"; done | head -1)
for round in 1 2; do
	before=$(grep -c 'counting fifo' messages)
	for worker in $(pgrep -P "$spawner"); do kill -KILL "$worker"; done
	enough() { [ "$(grep -c 'counting fifo' messages)" -gt "$before" ]; }
	within 100 enough || fail "round $round: the task was not tried again"
done
echo 'three words here' >&9
exec 9>&-
wait "$pid"
same "killed workers: exit status" 0 "$?"
{ sed -n 1,100p expected; echo '      3 fifo'; sed -n 101,300p expected; } >all
same_files "killed workers: counts" all <(head -301 found)
finish
