#!/bin/bash
# What zsh and fish offer behind a line: real shells, where they are installed; bash's is in test_graph.sh.
. "$(dirname "$0")/lib.sh"
needs_run
if ! command -v zsh >/dev/null && ! command -v fish >/dev/null; then
	echo "skipped: neither zsh nor fish is installed"
	cd / && rm -rf "$work"
	exit 77
fi
mkdir bin project
ln -s "$ORDERLY" bin/orderly
PATH=$work/bin:$PATH
export HOME=$work TERM=dumb
cat >project/orderly.yaml <<'END'
version: 1
procs:
  setup: { run: "true" }
  "build::[target]":
    run: "true"
    choices: { target: [core, net] }
  "open::[any]": { run: "true" }
END

# offered SHELL LINE: the words, sorted
offered() {
	case $1 in
	fish)
		timeout 100 fish -c "source '$source_tree/tools/completion/orderly.fish'; complete -C '$2'" 2>/dev/null </dev/null |
			cut -f1
		;;
	zsh)
		rm -f offers ready
		timeout 100 zsh -f drive.zsh "$2" "$source_tree/tools/completion" </dev/null >driven 2>&1
		cat offers 2>/dev/null
		;;
	esac | grep . | sort -u | xargs
}
# A shell of its own behind a terminal; what is added as a match is noted on its way.
cat >drive.zsh <<'END'
zmodload zsh/zpty || exit 1
await() { local i; for (( i = 0; i < 1000; i++ )); do [[ -e $1 ]] && return; sleep 0.05; done; print "no $1"; exit 1 }
zpty shell zsh -f -i
zpty -w shell "PS1=; unsetopt beep; fpath=($2 \$fpath); autoload -Uz compinit; compinit -u -d ~/dump
compadd() { local -a got; builtin compadd -O got \"\$@\"; print -rl -- \$got >>offers; builtin compadd \"\$@\" }
after() { : >done }; finish() { zle complete-word; after }; zle -N finish; zle -C complete-word complete-word _main_complete; bindkey '^T' finish
: >ready"
await ready
rm -f done
zpty -n -w shell "$1"$'\C-t'
await done
rm -f done
zpty -d shell
END

offers() { # LINE WORDS
	local shell
	for shell in zsh fish; do
		command -v $shell >/dev/null || continue
		same "$shell, behind '$1'" "$2" "$(offered $shell "$1")"
	done
}
cd project || exit 1
cp ../drive.zsh .
offers 'orderly ma' 'map'
offers 'orderly graph me' 'mermaid'
offers 'orderly run ' 'build::core build::net open:: setup'
offers 'orderly run build::n' 'build::net'
offers 'orderly run -j2 setup build::c' 'build::core'
offers 'orderly run --fol' '--fold'
offers 'orderly graph --proto' '--protos'
offers 'orderly graph dot se' 'setup'
offers 'orderly graph -C sub st' 'stats'
cd ..
cp drive.zsh "$work/bin"
offers "orderly run -f project/orderly.yaml se" 'setup'
offers "orderly run -C project b" 'build::core build::net'

# Job lists: addresses, states, and what there is in the list that the line says; bash offers the same.
if "$ORDERLY" --version | grep -q '^built in:.* jobs' && "$ORDERLY" jobs add one two failing 2>/dev/null; then
	mkdir -p folder
	"$ORDERLY" jobs take --pid $$ --taker me --filter one >/dev/null
	"$ORDERLY" jobs work --one --filter failing 'false {}' 2>/dev/null
	"$ORDERLY" jobs add --store other.sqlite elsewhere
	in_bash() {
		bash -c '. "$1"; COMP_LINE=$2; COMP_POINT=${#2}; COMP_WORDBREAKS=" "; complete() { :; }; compopt() { :; }; _orderly; printf "%s\n" "${COMPREPLY[@]}"' \
			- "$source_tree/tools/completion/orderly.bash" "$1" | grep . | sort -u | xargs
	}
	lists() { # LINE WORDS
		same "bash, behind '$1'" "$2" "$(in_bash "$1")"
		offers "$1" "$2"
	}
	lists 'orderly jobs re' 'requeue retry'
	lists 'orderly jobs --store other.sqlite ca' 'cancel'
	lists 'orderly jobs done ' 'one'
	lists 'orderly jobs retry ' 'failing'
	lists 'orderly jobs cancel t' 'two'
	lists 'orderly jobs cancel -s other.sqlite ' 'elsewhere'
	lists 'orderly jobs requeue --taker ' 'me'
	lists 'orderly jobs add --after o' 'one'
	lists 'orderly jobs clear --state ca' 'canceled'
	lists 'orderly jobs work --pick l' 'lexical'
	lists 'orderly jobs work --st' '--stale --state --stop-file --stop-on-failure --store'
	lists 'orderly jobs status -s post' 'postgresql://'
	lists 'orderly jobs status --store o' 'other.sqlite'
	same "bash, a directory" 'dir:folder' "$(in_bash 'orderly jobs status --store dir:fo')"
	if command -v fish >/dev/null; then
		same "fish, a directory" 'dir:folder/' "$(offered fish 'orderly jobs status --store dir:fo')"
	fi
	command -v zsh >/dev/null && has "zsh, a directory" "$(offered zsh 'orderly jobs status --store dir:fo')" 'folder'
fi
finish
