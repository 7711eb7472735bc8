#!/bin/bash
# Each style script finds the faults that are planted for it, and nothing in a clean tree.
#
# planted/<script>/<fault>/ is a tree with one fault; its file `expect` is a line that the script must print.
# planted/<script>/good/ holds look-alikes that must pass. A file `make` is a shell script that builds what the
# script looks at in the directory $1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export CC=${ORDERLY_CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
count=0

wrong() {
	echo "$1"
	sed 's/^/    /' "$work/output"
	status=1
}

for tree in "$here"/planted/*/*/; do
	tree=${tree%/}
	fault=${tree##*/}
	script=${tree%/*}
	script=${script##*/}
	build=$work/$script/$fault
	mkdir -p "$build"
	[ ! -e "$tree/make" ] || (cd "$tree" && sh -eu ./make "$build")
	result=0
	command=$here/$script.sh
	[ -e "$command" ] || command=$here/../abi/test_$script.sh
	"$command" "$tree" "$build" >"$work/output" 2>&1 || result=$?
	count=$((count + 1))
	if [ "$fault" = good ]; then
		[ "$result" -eq 0 ] || wrong "$script: complains about a good tree"
	elif [ "$result" -eq 0 ]; then
		wrong "$script: does not see $fault"
	elif ! grep -qFf "$tree/expect" "$work/output"; then
		wrong "$script: sees $fault, but does not say: $(cat "$tree/expect")"
	fi
done

# A script without a planted fault is a script that nobody has seen failing.
for script in "$here"/*.sh; do
	script=$(basename "$script" .sh)
	[ "$script" = test_planted ] || [ "$(find "$here/planted/$script" -name expect 2>/dev/null | wc -l)" -gt 0 ] || {
		echo "$script: no fault is planted for it"
		status=1
	}
	[ "$script" = test_planted ] || [ -d "$here/planted/$script/good" ] || { echo "$script: no good tree"; status=1; }
done
echo "$count trees"
exit $status
