#!/bin/bash
# When a shell reads the command, and that it never reads the inputs.
. "$(dirname "$0")/lib.sh"

# Started by a shell or not: its name is in /proc.
parent='sh -c "tr \"\\0\" \" \" </proc/\$PPID/cmdline"'
has "metacharacters go to a shell" "$(map "$parent; true" ::: x)" '^/bin/sh -c'
same "several words are executed as they are" '$HOME a' "$(map echo '$HOME' ::: a)"
same "one argument with a variable" "$HOME a" "$(map 'echo $HOME' ::: a)"
same "one argument without metacharacters is split at blanks" 'a b x' "$(map ' echo  a	b ' ::: x)"
same "a pipe" "2" "$(map 'echo a{}|wc -c' ::: '' | tr -d ' ')"
same "a builtin" "$(ulimit -n)" "$(map 'ulimit -n #' ::: 1)"
gives 3 "" 'exit {}' ::: 3 4 0 1
gives 0 "x" 'X=x sh -c "echo \$X #"' ::: a
refuses 127 "ulimit is a word of the shell.*as one argument" ulimit -n ::: 1

# Hostile names in all places.
names=('; rm' '$(touch oops)' '`touch oops`' '"; touch oops; "' "'; touch oops; '" $'a\ntouch oops' '\' '-n' '*' '~' '!'
	'a b' '' '#' '&' '|' '>oops' '<' '(' '{}' '{1}' '%s' 'é' $'\t' $'\x80\xff' '\\"' "\\'" '$IFS' '=' 'x=y')
printf '<%s>\n' "${names[@]}" >expected
check() { # WHAT ARGUMENT...
	local what=$1
	shift
	map "$@" ::: "${names[@]}" >found 2>stderr || fail "$what: exit status $?: $(head -1 stderr)"
	same_files "$what" expected found
	[ ! -e oops ] || fail "$what: an input was executed"
	rm -f oops
}
check "words" printf '<%s>\n' '{}'
check "appended" printf '<%s>\n'
check "a line" 'printf "<%s>\n" {}'
check "in double quotes" 'printf "<%s>\n" "{}"'
check "in single quotes" "printf '<%s>\n' '{}'"
check "in the middle of a word" 'x=; printf "<%s>\n" $x{}'
check "in double quotes, in a substitution" 'x="$(printf "%s." {})"; printf "<%s>\n" "${x%.}"'
check "in quotes, in a substitution, in quotes" 'x="$(printf "%s." "{}")"; printf "<%s>\n" "${x%.}"'
check "in a subshell" '(printf "<%s>\n" {})'
check "in a comment" 'printf "<%s>\n" {} # {} {}'
check "behind a comment" $'true # it\'s a comment\nprintf "<%s>\n" {}'
check "behind escaped quotes" 'printf "<%s>\n" {} # \'
check "behind an escaped quote" 'true \" \'"'"'; printf "<%s>\n" {}'
check "with a slot" sh -c '[ {%} -ge 1 ]; printf "<%s>\n" "$1"' x '{}'
check "in a case" 'case {} in *) printf "<%s>\n" {};; esac'
check "in the environment" 'x={}; printf "<%s>\n" "$x"'
printf '<x%sx>\n' "${names[@]}" >expected
check "inside of a word" 'printf "<%s>\n" x{}x'
check "inside of quotes" 'printf "<%s>\n" "x{}x"'
check "inside of single quotes" "printf '<%s>\n' 'x{}x'"

# Where quotes do not protect, plain values pass and others are refused, one task each.
unsafe() { # WHAT LINE
	local what=$1 line=$2 name
	same "$what, a plain value" "7" "$(map "$line" ::: 7 2>&1 | tr -d ' \n')"
	for name in "${names[@]}"; do
		case "$name" in *[!A-Za-z0-9_./-]*) ;; *) continue ;; esac
		map "$line" ::: "$name" >found 2>stderr
		same "$what, exit status for '$name'" 1 "$?"
		same "$what, output for '$name'" "" "$(cat found)"
		has "$what, message for '$name'" "$(cat stderr)" "cannot be quoted where it stands"
		[ ! -e oops ] || fail "$what: an input was executed"
	done
}
unsafe "backquotes" 'echo `echo {}`'
unsafe "arithmetic" 'echo $(({}))'
unsafe "arithmetic with parentheses" 'echo $(( ({}) * (1) ))'
unsafe "a default" 'echo ${x:-{}}'
unsafe "a default in quotes" 'echo "${x:-{}}"'
unsafe "a here-document" $'cat <<END\n{}\nEND\n'
unsafe "a case in a substitution" 'echo "$(case x in x) echo {};; esac)"'
finish
