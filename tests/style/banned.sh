#!/bin/bash
# Calls that have no place in the library. usage: banned.sh [TREE]
#
# A guest in its host does not end it, print, touch its signals, its environment, its locale or its random
# numbers; and some functions have a safer neighbour.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"

everywhere='exit|abort|printf|fprintf|perror|assert|sprintf|strcpy|strcat|strncpy|strtok|atoi|gets|system|signal'
everywhere="$everywhere|sleep|setenv|putenv|srand|random|setlocale|atexit|vprintf|vfprintf|puts|fputs|putchar|usleep|quick_exit|_Exit"

code=$(find lib -name '*.[ch]' | sort | xargs -r python3 "$here/source.py" code)

# Prints the calls of the functions $1 outside of the paths $2. A member of the same name is no call of it.
calls() {
	printf '%s\n' "$code" |
		grep -E "^[^:]+:[0-9]+:(.*[^A-Za-z0-9_.>]|.*[^-]>)?($1)[[:space:]]*\(" |
		grep -vE "^($2)" || true
}

found=$(
	calls "$everywhere" 'lib/base/check\.h:'
	calls '_exit' 'lib/(spawn|worker)/'
	calls 'malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf' 'lib/base/memory\.c:'
)
[ -z "$found" ] || {
	printf '%s\n' "$found" | sed 's/$/   <- banned/'
	exit 1
}
