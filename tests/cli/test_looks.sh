#!/bin/bash
# What only looks leaves nothing behind and changes nothing, whatever there is to be seen.
. "$(dirname "$0")/lib.sh"
needs_run

mkdir project
cd project || exit 1
cat >orderly.yaml <<'E2'
procs:
  made: {run: cp in made, inputs: [in], outputs: [made]}
  all: {deps: [made]}
  bad: {run: exit 1}
E2
echo one >in

picture() { find . -printf '%p %y %s %i %T@ %C@\n' | LC_ALL=C sort; }

# looks WHAT ARGUMENT...: these change nothing
looks() {
	local what=$1 before
	shift
	before=$(picture)
	orderly "$@" </dev/null >/dev/null 2>../said
	[ $? -lt 3 ] || fail "$*, $what: $(cat ../said)"
	same "all of the tree, $what: orderly $*" "$before" "$(picture)"
}

look_at_all() {
	for action in check list dot mermaid json 'env made' why 'why made' stats; do
		# shellcheck disable=SC2086 # an action and its argument
		looks "$1" graph $action
	done
	looks "$1" run -n all
	looks "$1" run -n -v all bad
}

look_at_all "nothing is known"
orderly run all >/dev/null 2>&1 || fail "the first run"
look_at_all "nothing is to do"
touch -d '1 hour ago' in
look_at_all "only a time has changed"
echo two >in
look_at_all "an input has changed"
rm made
look_at_all "an output is gone"
orderly run bad >/dev/null 2>&1 && fail "bad is bad"
look_at_all "an attempt failed"
finish
