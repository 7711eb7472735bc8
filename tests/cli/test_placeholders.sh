#!/bin/bash
# {} and its relatives, as GNU parallel has them, and the environment of commands.
. "$(dirname "$0")/lib.sh"

names=(/a/b.c/d.tar.gz x.y .hid /x a/ '' a.b/c a. a..b //x a/b/ / // 'a b.c' "it's.x" '$x.y' 'a;b' '*')
as_parallel echo '{.}' '{/}' '{//}' '{/.}' ::: "${names[@]}"
as_parallel 'echo {.} {/} {//} {/.} | cat' ::: "${names[@]}"
as_parallel echo '{}' '{#}' ::: a b ::: c d
as_parallel echo 'x{}y{.}' ::: a.b ::: c.d
as_parallel echo '{1.}' '{-1}' '{2/}' '{-2//}' ::: a.b ::: /c/d
as_parallel echo '{#}' ::: a b
as_parallel echo '{}{}' '{print}' '{ }' '{x}' '{' '}' ::: a
as_parallel --dry-run 'echo x{}y {.} | cat' ::: 'a b.c' ::: "d'e"
as_parallel --dry-run echo '{}' ::: "${names[@]}" 'a~b' 'a=b' '~x' 'a,b' 'é' 'a:b@c%d+e' '#x' "it's"
as_parallel --tag --dry-run echo ::: 'a b' c
as_parallel -j1 echo '{%}' '{#}' ::: a b
as_parallel -j1 --dry-run echo '{%}' ::: a b

gives 0 $'a b c\nd' printf '%s\n' '{}' ::: 'a b c' ::: d
gives 0 $'1\n2' 'echo $ORDERLY_SEQ #' ::: a b
gives 0 $'1 a b 1\n2 c d 1' -j1 'echo {#} {} {%}' ::: 'a b' 'c d'
gives 0 '1 $x a' -j1 echo '{%}' '$x' '{}' ::: a
gives 0 "it's '1' 1 {}" -j1 "echo \"it's '{%}'\" '{%}' \\{}" ::: a

# The slot is one of -j N, and two commands at once never have the same.
map -j3 'mkdir slot-$ORDERLY_SLOT || echo taken; sleep 0.02; rmdir slot-$ORDERLY_SLOT; echo {%}' ::: $(seq 60) |
	sort -u >slots
has "slots" "$(cat slots)" '^1$'
same "no slot but these" "" "$(grep -vE '^[123]$' slots)"

refuses 255 '\{9\}: there is only 1 input source; add one' echo '{9}' ::: a
refuses 255 '\{-3\.\}: there are only 2 input sources' echo '{-3.}' ::: a ::: b
gives 0 '{9} a' 'echo \{9} {}' ::: a
finish
