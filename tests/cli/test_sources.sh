#!/bin/bash
# Where inputs come from, and what is said when they cannot be read.
. "$(dirname "$0")/lib.sh"

gives 0 $'a\nb c' echo ::: a 'b c'
gives 0 "" echo :::
gives 0 $'a\nb' -- echo ::: a b
gives 0 $'-j9 a\n-j9 b' -j2 echo -j9 ::: a b
gives 0 "-x" echo ::: -x

printf 'one\n\n  two  \nthree' >lines
printf 'one\0t\nwo\0' >nuls
printf '1\n2\n' >numbers
gives 0 $'<one>\n<>\n<  two  >\n<three>' -a lines 'printf "<%s>\n"'
gives 0 $'<one>\n<>\n<  two  >\n<three>' 'printf "<%s>\n"' :::: lines
gives 0 $'<one>\n<t\nwo>' -0 -a nuls 'printf "<%s>\n"'
gives 0 $'1 one\n1 \n1   two  \n1 three\n2 one\n2 \n2   two  \n2 three' echo :::: numbers lines
same "standard input" $'one\n\n  two  \nthree' "$(map echo <lines)"
same "standard input, NUL" $'one\nt\nwo' "$(map -0 echo <nuls)"
same "standard input by name" $'a 1\na 2\nb 1\nb 2' "$(map echo ::: a b :::: - <numbers)"
same "standard input first" $'1 a\n1 b\n2 a\n2 b' "$(map -a - echo ::: a b <numbers)"
same "empty standard input" "" "$(map echo </dev/null)"
same "a delimiter" $'a\nb\nc' "$(printf 'a,b,c' | map -d , echo)"
same "a delimiter of two" $'a\nb;c\nd' "$(printf 'a;;b;c;;d' | map -d ';;' echo)"
same "a delimiter as an escape" $'a\nb' "$(printf 'a\tb' | map -d '\t' echo)"
same "a delimiter as a number" $'a\nb' "$(printf 'a,b' | map -d '\x2c' echo)"
gives 0 "" echo {1}{2} ::: a b :::: /dev/null

as_parallel echo ::: a b ::: c d ::: e f
as_parallel echo {3} {1} {2} ::: a b ::: c d ::: e f
as_parallel -a numbers echo {1} {2} ::: a b
as_parallel -a numbers -a lines echo {2} {1}
as_parallel ::: 'echo a' 'exit 3' 'echo "$HOME"' 'echo a | tr a b'

# Many inputs of all lengths, in pieces that do not fit the reader's.
awk 'BEGIN { for (i = 0; i < 5000; i++) { s = ""; for (j = 0; j < i % 97; j++) s = s "x" j; print i s } }' >many
same_files "many inputs" many <(map -a many echo)
(while read -r line; do printf '%s\n' "$line"; done <many) | map echo >found
same_files "many inputs through a pipe, line by line" many found

# A slow input does not hold up what is done.
(echo a; within 100 test -e first || echo late; echo b) | map -j2 echo | (read -r line; echo "$line" >first; cat) >rest
same "the first line of a slow input" a "$(cat first)"
same "the rest of a slow input" b "$(cat rest)"

# Commands do not eat the inputs.
same "commands read /dev/null" $'one\n\n  two  \nthree' "$(map 'cat; echo {}' <lines)"

refuses 255 "cannot read inputs from no-such-file: No such file" echo :::: no-such-file
refuses 255 "cannot read inputs from no-such-file: No such file" -a no-such-file echo
refuses 255 "cannot read inputs from .*: Is a directory" -a "$work" echo
refuses 255 ":::: needs the name of a file" echo ::::
refuses 255 "standard input .* only once" -a - echo :::: -
refuses 255 "sources cannot be linked" echo ::: a b :::+ c d
refuses 255 "NUL byte.*use -0" -a nuls echo
head -c 200000 /dev/zero | tr '\0' x >long
refuses 255 "input 1 of long is longer than an argument" -a long echo
(cat lines; echo; cat long) >late
same "what came before a wrong input is done" "$(cat lines)" "$(map -a late echo 2>/dev/null)"
finish
