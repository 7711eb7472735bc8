#!/bin/bash
# orderly graph dot, mermaid, json and stats: how procs went, what the last run waited for, what it would take otherwise.
. "$(dirname "$0")/lib.sh"
needs_run
graph() { timeout 100 "$ORDERLY" graph "$@"; }

cat >orderly.yaml <<'END'
version: 1
procs:
  "part::[n]":
    run: sleep 0.[n]
    choices: {n: [1, 3, 9]}
  parts: { deps: ["part::*"] }
  "say \"it\"": { run: sleep 0.2, deps: [parts] }
  flaky: { run: "[ ! -e bad ]" }
  skips: { run: exit 9, skip_exit: 9 }
  fails: { run: exit 3, deps: [flaky] }
  never: { run: "true", deps: [fails] }
  kept: { run: cp in out, inputs: [in], outputs: [out] }
  after: { run: "sleep 0.1", deps: [kept] }
  all: { deps: ["say \"it\"", flaky, skips, kept, after] }
END
echo 1 >in

# Nothing is known: nothing is written, and all are new.
graph dot all >found || fail "dot without a database"
same "nothing is known" 0 "$(grep -c filled found)"
[ ! -e .orderly ] || fail "dot makes a database"

touch bad
run -j4 all never >/dev/null 2>&1
same "the first run" 1 "$?"
rm bad
run -j4 all never >/dev/null 2>&1
graph json all never >json
python3 - >verdict 2>&1 <<'END' || fail "json: $(cat verdict)"
import json, time
procs = {p["name"]: p for p in json.load(open("json"))["procs"]}
def state(name):
	return procs[name].get("last", {}).get("state")
assert state("part::9") == "succeeded" and state("skips") == "skipped" and state("fails") == "failed", procs
assert procs["fails"]["last"]["exit"] == 3 and procs["skips"]["last"]["exit"] == 9, procs
assert "last" not in procs["never"], procs["never"]
last = procs["part::9"]["last"]
assert 0.9 <= last["duration"] < 60 and abs(time.time() - last["ended"]) < 600 and last["started"] < last["ended"], last
assert last["memory"] > 100000 and last["user"] + last["system"] > 0 and last["reason"], last
assert abs(procs["part::9"]["expected"] - 0.9) < 10 and procs["part::9"]["args"] == {"n": "9"}, procs["part::9"]
assert procs["kept"]["last"]["state"] == "succeeded", "what is up to date is as it last ran"
END
graph dot all never >found
for line in '\[label="part::9\\n[0-9.]+ s", style=filled, fillcolor="#d7efd6"' \
	'\[label="say \\"it\\"\\n[0-9.]+ s", style=filled' '\[label="fails\\n[0-9.]+ s", style=filled, fillcolor="#f4c7c3"' \
	'\[label="never", style=dashed'; do
	has "dot" "$(cat found)" "$line"
done
graph mermaid all never >found
has "mermaid" "$(cat found)" '^	n[0-9]+\["say #34;it#34;<br>[0-9.]+ s"\]:::well$'
has "mermaid, a failure" "$(cat found)" '\["fails<br>[0-9.]+ s"\]:::failed$'
graph dot --protos all never >found
has "dot --protos" "$(cat found)" '\[label="part::\[n\]\\n3 procs, [0-9.]+ s", style=filled'
graph json --protos all never >json
python3 - >verdict 2>&1 <<'END' || fail "json --protos: $(cat verdict)"
import json
protos = {p["name"]: p for p in json.load(open("json"))["protos"]}
part = protos["part::[n]"]
assert (part["procs"], part["known"], part["failed"]) == (3, 3, 0) and 1.3 <= part["last"]["duration"] < 60, part
assert (protos["fails"]["failed"], protos["never"]["known"]) == (1, 0), protos
END
database=$(find .orderly -maxdepth 1 -type f ! -name '*.lock' ! -name '*-wal' ! -name '*-shm' | head -1)
graph dot --db other.db all >found
same "--db" 0 "$(grep -c filled found)"

# The last run waited for the longest part, through the group, and for who came behind it: not for what was up to date.
graph stats all never >found || fail "stats"
same "what the last run waited for" 'part::9|say "it"' "$(sed -n '/^last run/,/^everything/p' found | sed -nE 's/^ +[0-9.]+ s  ([^(]*[^ (]).*/\1/p' | paste -sd'|')"
has "the last run" "$(cat found)" '^last run: 7 procs, [0-9.]+ s of work in [0-9.]+ s; what it waited for:$'
has "longest way" "$(cat found)" '^longest way: [0-9.]+ s  say "it" <- part::9$'
has "fail at times" "$(cat found)" '^fail at times: flaky: 1 of 2$'
python3 - >verdict 2>&1 <<'END' || fail "what if: $(cat verdict; cat found)"
import re
takes = {int(a): float(b) for a, b in re.findall(r"^-j (\d+) +([\d.]+) s$", open("found").read(), re.M)}
assert sorted(takes) == [1, 2, 4, 8, 16], takes
way = float(re.search(r"^longest way: ([\d.]+) s", open("found").read(), re.M).group(1))
rows = re.findall(r"^ +([\d.]+) s +[\d.]+ s +\d+ +\d+  (.*)$", open("found").read(), re.M)
assert abs(takes[1] - sum(float(a) for a, _ in rows)) < 0.02 and takes[1] > takes[2] > takes[4] - 1e-9, (takes, rows)
assert abs(takes[16] - way) < 1e-9 and all(takes[1] / j <= takes[j] + 0.002 for j in takes), takes
assert [float(a) for a, _ in rows] == sorted((float(a) for a, _ in rows), reverse=True), "the slowest first"
END
# Then another run, of one proc alone: that is the last one.
run 'part::1' >/dev/null 2>&1
graph stats all >found
has "one alone" "$(cat found)" '^last run: 1 proc, [0-9.]+ s of work'
same "one alone: its path" 'part::1' "$(sed -n '/^last run/,/^everything/p' found | sed -nE 's/^ +[0-9.]+ s  ([^(]*[^ (]).*/\1/p' | paste -sd'|')"

# A database that cannot be read: nothing is known, and that is said.
for what in dot mermaid json; do
	find .orderly -maxdepth 1 -type f -delete
	printf 'no database, whatever its name says%.0s' {1..100} >"$database"
	graph $what all >found 2>stderr || fail "$what and a damaged database"
	has "$what and a damaged database" "$(cat stderr)" "^orderly graph: the database $database .*damaged"
	[ -s found ] || fail "$what and a damaged database: nothing is shown"
done
finish
