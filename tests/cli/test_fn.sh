#!/bin/bash
# --fn: functions of a shared object.
. "$(dirname "$0")/lib.sh"
modules=${ORDERLY_BUILD:-$(dirname "$ORDERLY")}/modules
talk=$modules/module_talk.so

gives 0 $'A\nB\nC' --fn "$talk:upper" ::: a b c
same "from standard input" "$(seq 5000)" "$(seq 5000 | map --fn "$talk:upper")"
same "from a file, ended by NUL" $'A\nB B' "$(printf 'a\0b b\0' | map -0 --fn "$talk:upper")"
gives 0 $'A 1\nA 2\nB 1\nB 2' --fn "$talk:upper" ::: a b ::: 1 2
gives 0 $'b\tB\na\tA' --tag --fn "$talk:upper" ::: b a
gives 0 "" --fn "$talk:upper" ::: ""
same "--completion" $'A\nB' "$(map --completion --fn "$talk:upper" ::: a b | sort)"
cp "$talk" here.so
gives 0 "A" --fn ./here.so:upper ::: a
gives 0 "A" --fn here.so:upper ::: a
gives 2 "A" --fn "$talk:upper" ::: fail a fail
has "a function that fails" "$(cat stderr)" 'orderly map: task 1: .*no upper case of fail$'
gives 1 "A" -j1 --fn "$talk:upper" ::: crash a
has "a function that crashes" "$(cat stderr)" 'task 1: .*SIGABRT'
gives 1 "A" --timeout 5s --fn "$talk:upper" ::: hang a
has "a function that hangs" "$(cat stderr)" 'task 1: .*time'
gives 0 "SAY" --fn "$talk:upper" ::: say
same "what it says" "$(printf 'a line\na record')" "$(sort stderr)"
map -j1 --halt now,fail=1 --fn "$talk:upper" ::: a fail b >found 2>stderr
same "--halt: exit status" 1 "$?"
map --joblog log --fn "$talk:upper" ::: 'a b' >found
has "--joblog" "$(tail -1 log)" "^1	:.*	0	4	0	0	.*:upper 'a b'$"
yes | map --fn "$talk:upper" 2>stderr | head -1 >found
same "| head" Y "$(cat found)"

refuses 255 "cannot start: .*none.so" --fn ./none.so:upper ::: a
refuses 255 "cannot start: .*lower" --fn "$talk:lower" ::: a
refuses 255 "give a shared object and a function" --fn upper ::: a
refuses 255 "calls a function instead of a command" --fn "$talk:upper" echo ::: a
refuses 255 "no commands to show" --dry-run --fn "$talk:upper" ::: a
refuses 255 "give one" --pipe --fn "$talk:upper"
finish
