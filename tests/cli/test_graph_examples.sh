#!/bin/bash
# docs/examples/graphs: all goes well, one fails in the midst of its words, one fails with others behind it.
. "$(dirname "$0")/lib.sh"
needs_run
cp "$source_tree"/docs/examples/graphs/*.yaml .

# example STATUS NAME: runs it, all that is said in `found`
example() {
	same "graph check $2.yaml" "" "$(orderly graph check --plan "$2.yaml" 2>&1)"
	orderly run -f "$2.yaml" </dev/null >found 2>&1
	same "exit status of $2" "$1" "$?"
}
all_lines() { [ "$(grep -c 'line [0-9]' found)" -ge 40 ]; }

example 0 success
for words in 'all parts are there' 'all is well'; do
	has "success: '$words'" "$(cat found)" "$words"
done
same "success: nobody failed" "" "$(grep FAILED found)"

example 1 error
has "error: the line that matters" "$(cat found)" 'line 20: error: the disk is made of cheese'
has "error: who" "$(cat found)" '^FAILED  talk: exit code 1'

example 1 full_log_on_failure
all_lines || fail "full_log_on_failure: all lines are shown"
has "full_log_on_failure: the first" "$(cat found)" 'line 1$'
has "full_log_on_failure: the last" "$(cat found)" 'line 40$'

example 1 failed_deps
has "failed_deps: the root" "$(cat found)" '^FAILED  broken: exit code 3'
has "failed_deps: who is canceled" "$(cat found)" 'canceled because of it: 3 \(.*middle'
has "failed_deps: what is not behind it" "$(cat found)" 'done anyway'
has "failed_deps: always" "$(cat found)" 'cleaned'
finish
