#!/bin/bash
# Help, version, manual pages, and that they agree.
. "$(dirname "$0")/lib.sh"

has "help" "$(orderly help)" '^  map +run a command for each input'
same "--help is help" "$(orderly help)" "$(orderly --help)"
same "-h is help" "$(orderly help)" "$(orderly -h)"
has "help map" "$(orderly help map)" '^Usage: orderly map '
same "help map is map --help" "$(orderly help map)" "$(map --help)"
has "--version" "$(orderly --version)" '^orderly [0-9]+\.[0-9]+\.[0-9]+ \(library [0-9.]+\)$'
has "--version tells what is built in" "$(orderly --version)" '^built in:.* map'
same "map --version" "$(orderly --version)" "$(map --version)"

orderly mpa >found 2>stderr
same "an unknown command: exit status" 2 "$?"
same "an unknown command: stdout" "" "$(cat found)"
has "an unknown command: hint" "$(cat stderr)" "no command 'mpa'; did you mean 'map'\?"
orderly something-else >found 2>stderr
has "another unknown command" "$(cat stderr)" "no command 'something-else'$"
has "another unknown command: help" "$(cat stderr)" "Try 'orderly help'"
orderly >found 2>stderr
same "no command: exit status" 2 "$?"
has "no command: help on stderr" "$(cat stderr)" '^usage: orderly'
same "no command: stdout" "" "$(cat found)"
orderly help nothing 2>stderr
same "help for an unknown command" 2 "$?"

# Every long option of --help is in the manual page, and the other way round.
for command in map run graph ctx jobs; do
	orderly --version | grep -q "^built in:.* $command" || continue
	page=$source_tree/docs/man/orderly-$command.1
	orderly "$command" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u | grep -vE '^--(usage|help|version)$' >ours
	grep '^\.It' "$page" | grep -oE 'Fl -[a-z][a-z-]+' | sed 's/Fl /-/' | sort -u >pages
	same "options of $command --help and of the page" "$(cat ours)" "$(cat pages)"
done
if command -v mandoc >/dev/null; then
	for page in "$source_tree"/docs/man/orderly.1 "$source_tree"/docs/man/orderly-{map,run,graph,ctx,jobs,stack}.1; do
		same "mandoc -Tlint $(basename "$page")" "" "$(mandoc -Tlint -Wstyle "$page" 2>&1 |
			grep -vE 'referenced manual not found|mandoc\.db|longer than 80 bytes')"
	done
fi
finish
