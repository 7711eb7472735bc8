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

# Both outputs of a proc are one stream, in the order in which it was written.
printf 'version: 1\nprocs:\n  mixed:\n    run: for i in 1 2 3 4 5 6 7 8 9; do echo "out $i"; echo "err $i" >&2; done\n  two: {run: "true", deps: [mixed]}\n' >mixed.yaml
for mode in group stream; do
	run -f mixed.yaml --output=$mode two >found 2>/dev/null
	same "$mode: the order of outputs" "$(for i in 1 2 3 4 5 6 7 8 9; do echo "out $i"; echo "err $i"; done)" "$(cat found)"
done

# Reasons stand in front of the command, each once; also when it runs for a second one.
cat >why.yaml <<'END'
version: 1
procs:
  first: { run: cp in mid, inputs: [in], outputs: [mid] }
  last: { run: cp mid out, inputs: [mid], outputs: [out], deps: [first] }
END
echo 1 >in
run -v -f why.yaml last >/dev/null 2>&1
echo 2 >in
rm out
run -v -j2 -f why.yaml last >found 2>&1
same "-v: reasons" $'because first: input in\nstart   first\ndone    first\nbecause last: input mid\nbecause last: dep first\nbecause last: output out\nstart   last\ndone    last' \
	"$(sed -nE 's/^\[[0-9]\/2\] ((because [a-z]+: [a-z]+|start  |done   ) [a-z]+).*/\1/p' found)"

# Marks for pages that fold: around the output of those that ended well, whole, also if only one runs.
cat >fold.yaml <<'END'
version: 1
procs:
  says: { run: echo said }
  silent: { run: "true" }
  fails: { run: echo because; exit 1 }
  all: { deps: [says, silent, fails] }
END
run -j1 -f fold.yaml --fold=github all >found 2>stderr
same "--fold=github" $'::group::[1/4] done    says  T s\nsaid\n::endgroup::\nbecause' "$(sed -E 's/[0-9.]+ s$/T s/' found)"
same "--fold: told once" 0 "$(grep -c 'done    says' stderr)"
has "--fold: who says nothing" "$(cat stderr)" 'done    silent'
has "--fold: a failure is not folded" "$(cat stderr)" 'FAILED  fails: exit code 1'
GITLAB_CI=true run -f fold.yaml --fold=auto says >found 2>/dev/null
python3 - found <<'END' || fail "--fold=auto: $(cat -v found)"
import re, sys
found = open(sys.argv[1], newline="").read()
assert re.fullmatch(r"\x1b\[0Ksection_start:(\d+):(orderly_0)\[collapsed=true\]\r\x1b\[0K\[1/1\] done    says  [\d.]+ s\nsaid\n"
	r"\x1b\[0Ksection_end:\d+:orderly_0\r\x1b\[0K\n", found), repr(found)
END
env -u GITHUB_ACTIONS -u GITLAB_CI "$ORDERLY" run -f fold.yaml --fold=auto says >found 2>/dev/null
same "--fold=auto, nowhere" said "$(cat found)"
runs 2 '' -f fold.yaml --fold=travis says
has "--fold of what is not known" "$(cat stderr)" '^orderly run: --fold travis: say github, gitlab, auto or none$'

# Links: on request, or on a terminal that is not dumb; nothing that could end them is in them.
cat >link.yaml <<'END'
version: 1
procs:
  "a b%": { run: echo said }
END
run -f link.yaml --links=always 'a b%' >/dev/null 2>stderr
python3 - "$work" <<'END' || fail "--links=always: $(cat -v stderr)"
import re, socket, sys, os, urllib.parse
found = re.findall("\033]8;;file://([^/]*)(/[^\033]*)\033\\\\([^\033]*)\033]8;;\033\\\\", open("stderr").read())
assert len(found) == 1, found
host, path, name = found[0]
assert host == socket.gethostname() and name == "a b%" and re.fullmatch(r"[\w%./~-]+", path), found
assert open(urllib.parse.unquote(path)).read() == "said\n" and os.path.isabs(path), path
END
run -f link.yaml 'a b%' >/dev/null 2>stderr
same "no terminal: no links" 0 "$(grep -c $'\033' stderr)"
cat >on_terminal.py <<'END'
import os, pty, sys
out = b""
pid, fd = pty.fork()
if pid == 0:
	os.execvp(sys.argv[1], sys.argv[1:])
while True:
	try:
		piece = os.read(fd, 65536)
	except OSError:
		break
	if not piece:
		break
	out += piece
os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
END
linked() { # TERM OPTION...: how many links there are
	local kind=$1
	shift
	TERM=$kind ORDERLY_TEST_MARK=$mark timeout 100 python3 on_terminal.py "$ORDERLY" run -f link.yaml "$@" 'a b%' >found
	grep -aoc $'\033]8;;file:' found
}
[ "$(linked xterm)" -ge 1 ] || fail "a terminal: no links: $(cat -v found)"
same "a dumb terminal" 0 "$(linked dumb)"
same "--links=never" 0 "$(linked xterm --links=never)"

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
