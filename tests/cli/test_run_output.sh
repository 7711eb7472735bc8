#!/bin/bash
# orderly run --output: what is printed how, whatever bytes it is.
. "$(dirname "$0")/lib.sh"
needs_run

# Eight procs at once with a megabyte each, of any bytes: whole, in the order in which they end.
cat >any.py <<'END'
import os, random, sys, time
n = int(sys.argv[1])
random.seed(n)
data = b"".join(bytes([n + 48]) * 3 + random.randbytes(random.randrange(2000)).replace(b"\n", b"\r").replace(b"\x1b", b"\0") + b"\n"
	for _ in range(1024))
open(f"wanted{n}", "wb").write(data)
for i in range(0, len(data), 40000):
	os.write(1 + n % 2, data[i:i + 40000])
	if i % 7 == n % 7:
		time.sleep(0.001)
END
{ echo 'version: 1'; echo procs:
	for i in 1 2 3 4 5 6 7 8; do printf '  p%d:\n    run: python3 any.py %d\n' "$i" "$i"; done
	echo '  all:'; echo '    deps: [p1, p2, p3, p4, p5, p6, p7, p8]'; } >orderly.yaml
run -j8 all >found 2>stderr
same "exit status" 0 "$?"
for i in $(sed -nE 's/.*done    p([0-9]).*/\1/p' stderr); do cat "wanted$i"; done >wanted
same_files "group, -j8, 1 MB each" wanted found

# One that ends without a newline, with colours, a NUL, and with half a sequence.
cat >ansi.sh <<'END'
printf 'plain \033[31mred\033[0m \033[2Jclear \033]8;;http://x\033\\link\033]8;;\033\\ \0nul \377\n'
printf 'half \033[3'
END
cat >orderly.yaml <<'END'
version: 1
procs:
  ansi:
    run: sh ansi.sh
  next:
    run: echo next
    deps: [ansi]
  words:
    run: echo out; echo err >&2
  fails:
    run: echo because; exit 1
  silent:
    run: exit 1
  all:
    deps: [next, words, fails, silent]
END
run next >found 2>/dev/null
printf 'plain red clear link \0nul \377\nhalf \nnext\n' >wanted
same_files "no terminal: sequences are stripped, nothing else" wanted found
run --color=always next >found 2>/dev/null
# The reset at its end stands before or behind its last newline, as it was read.
python3 - found <<'END' || fail "--color=always: $(cat -v found)"
import sys
found = open(sys.argv[1], "rb").read().replace(b"\033[0m\n", b"\n").replace(b"\n\033[0m", b"\n")
assert found == b"plain \033[31mred\033[0m clear link \0nul \377\nhalf \nnext\n"
END
run --color=always next 2>&1 >/dev/null | grep -q $'\033\[32mdone' || fail "--color=always: no colours of ours"

# quiet: failures only.
run --output=quiet words >found 2>stderr
same "quiet, all well" "" "$(cat found stderr)"
run --output=quiet -j1 all >found 2>stderr
same "quiet, failures: output" because "$(cat found)"
same "quiet, failures: who" 'fails silent' "$(sed -nE 's/^.*FAILED  ([a-z]+): .*/\1/p' stderr | sort -u | xargs)"
same "quiet, failures: nobody else" "" "$(grep -E 'start   |done    ' stderr)"

# prefix: each line with its name.
same "prefix" $'[words] err\n[words] out' "$(run --output=prefix words 2>/dev/null | sort)"
run --output=prefix ansi 2>/dev/null >found
same "prefix: the last line is ended" 2 "$(grep -ac '^\[ansi\] ' found)"

# stream: as it comes, one at a time; who ends meanwhile is told when the first has ended.
cat >orderly.yaml <<'END'
version: 1
procs:
  one:
    run: echo one-a; touch begun; until [ -e go ]; do sleep 0.05; done; echo one-b
  two:
    run: until [ -e begun ]; do sleep 0.05; done; sleep 0.3; echo two; touch ended
  alone:
    run: echo alone-a; until [ -e go ]; do sleep 0.05; done; echo alone-b
END
run -j2 --output=stream one two >found 2>stderr &
pid=$!
within 100 test -e ended || fail "stream: two did not end"
sleep 0.5
same "stream: one is live, two waits" one-a "$(cat found)"
touch go
wait "$pid"
same "stream" $'one-a\none-b\ntwo' "$(cat found)"
same "stream: two is told behind one" 'one two' "$(sed -nE 's/.*done    ([a-z]+) .*/\1/p' stderr | xargs)"

# group: one that runs alone is shown as it runs.
rm -f go
run -j2 alone >found 2>stderr &
pid=$!
within 100 grep -q alone-a found || fail "group: nothing is shown of one that runs alone"
touch go
wait "$pid"
same "group, alone" $'alone-a\nalone-b' "$(cat found)"
finish
