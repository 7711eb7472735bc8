#!/bin/bash
# `orderly ctx` in the scripts of a graph that `orderly run` runs, and outside of one.
. "$(dirname "$0")/lib.sh"

unset ORDERLY_SOCKET ORDERLY_TOKEN
found=$(orderly ctx 2>&1)
same "without arguments: status" 2 $?
same "without arguments" "usage: orderly ctx COMMAND [ARGUMENT…]" "$(head -1 <<<"$found")"
orderly ctx --help >help 2>&1
same "--help: status" 0 $?
for word in run create start wait result param arg name attempt changed-deps fingerprint skip no-change input; do
	grep -q "^  $word " help || fail "--help says nothing of $word"
	found=$(orderly ctx $word x 2>&1)
	same "$word outside of a graph: status" 2 $?
	same "$word outside of a graph" "orderly ctx: this is for commands that a graph runs: ORDERLY_SOCKET is not set" "${found:0:78}"
done

"$ORDERLY" --version | grep -q ' run' || { echo "no graph in this build"; finish; exit; }

cat >orderly.yaml <<'END'
params:
  opt: "-O2"
procs:
  list:
    result: stdout
    run: echo core net
  build::[target]:
    choices: {target: [core, net]}
    result: stdout
    run: echo "built [target]"
  all:
    result: stdout
    run: |
      set -e
      "$ORDERLY" ctx run list
      for target in $("$ORDERLY" ctx result list); do
        "$ORDERLY" ctx start "build::$target"
      done
      "$ORDERLY" ctx wait "build::*"
      "$ORDERLY" ctx result build::core >core.txt
      "$ORDERLY" ctx param opt >opt.txt
      "$ORDERLY" ctx name >name.txt
  nothing:
    run: '"$ORDERLY" ctx skip'
  bad:
    run: '"$ORDERLY" ctx run none'
END
orderly run -j1 all >out 2>&1
same "orderly run: status" 0 $?
[ "$(cat core.txt 2>/dev/null)" = "built core" ] || cat out
same "a result" "built core" "$(cat core.txt)"
same "a param" "-O2" "$(cat opt.txt)"
same "its name" "all" "$(cat name.txt)"
orderly run nothing >out 2>&1
same "skipped: status" 0 $?
grep -q skipped out || fail "nothing is not told as skipped: $(cat out)"
orderly run bad >out 2>&1
same "a failure: status" 1 $?
grep -q "orderly ctx: none: there is no proc of this name" out || fail "no sentence: $(cat out)"
finish
