#!/bin/bash
# Output is whole for each command and in the order of the inputs.
. "$(dirname "$0")/lib.sh"

# Against a loop: both streams, binary data, sizes around those of pipes and buffers, no newline at the end.
cat >speak <<'END'
#!/bin/bash
n=$1
sleep "0.0$((n * 7919 % 10))"
head -c "$((n * n * 331 % 300001))" /dev/urandom >/dev/null
awk -v n="$n" 'BEGIN { for (i = 0; i < n * 37 % 900; i++) print "out", n, i, "#################" }'
printf '\000\001\377%d' "$n"
awk -v n="$n" 'BEGIN { for (i = 0; i < n % 7; i++) print "err", n, i > "/dev/stderr" }'
printf 'part %d' "$n" >&2
END
chmod +x speak
seq 60 >numbers
for n in $(cat numbers); do ./speak "$n"; done >loop.out 2>loop.err
for options in "" "-j1" "-j16" "--line-buffer -j8" "--halt never -j3" "--halt soon,fail=1 -j8" "--joblog log -j4"; do
	# shellcheck disable=SC2086
	map $options ./speak <numbers >map.out 2>map.err
	same "exit status with '$options'" 0 "$?"
	same_files "stdout with '$options'" loop.out map.out
	same_files "stderr with '$options'" loop.err map.err
done

# In order of completion each command's output is whole, too.
map --completion -j8 'seq {}000 {}999; echo end {}; echo error {} >&2' ::: 5 3 8 1 9 2 >found 2>errors
same "a line of each" "6" "$(grep -c ^end found)"
same "each error" $'error 1\nerror 2\nerror 3\nerror 5\nerror 8\nerror 9' "$(sort errors)"
awk '/^end/ { if (last != $2 "999" || n != 1000) print "not whole:", $0; n = 0; next } { n++; last = $0 }' found >wrong
same "whole outputs" "" "$(cat wrong)"
# Each waits for the one behind it to be told.
map --completion -j3 '[ {} = 3 ] || until grep -q $(({} + 1)) found; do sleep 0.05; done; echo {}' ::: 1 2 3 >found
same "in the order of completion" $'3\n2\n1' "$(cat found)"

as_parallel --tag echo '{1}' '{2}' ::: a b ::: c 'd e'
as_parallel --tag 'echo {}; echo; printf part' ::: a b
as_parallel --line-buffer --tag 'printf a; sleep 0.1; printf "b\nc\n"; printf part' ::: x y
map --tag 'echo {} >&2; printf part >&2' ::: a b 2>found
same "the tag is on stderr, too" $'a\ta\na\tpartb\tb\nb\tpart' "$(cat found)"

# The first unfinished command streams; it would be ended by a deadline before it did so by itself.
for option in "" --line-buffer; do
	rm -f first
	# shellcheck disable=SC2086
	map $option -j2 'echo {}; sleep 1000; echo {} again' ::: a b | (read -r line; echo "$line" >first)
	same "streaming with '$option': the first line" a "$(cat first)"
done
: >found
map --line-buffer 'printf a; echo e >&2; until grep -q e found; do sleep 0.05; done; echo b #' ::: x >>found 2>&1
same "--line-buffer holds parts of lines back" $'e\nab' "$(cat found)"
: >found
map 'printf a; until grep -q a found; do sleep 0.05; done; echo e >&2; until grep -q e found; do sleep 0.05; done; echo b #' ::: x \
	>>found 2>&1
same "by default a part of a line is passed on" $'ae\nb' "$(cat found)"
finish
