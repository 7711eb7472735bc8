#!/bin/bash
# orderly run told to programs: --events and --trace, also when something fails or interrupts it.
. "$(dirname "$0")/lib.sh"
needs_run

cat >orderly.yaml <<'END'
version: 1
procs:
  one:
    run: sleep 0.2
  two:
    run: sleep 0.3
  bad:
    run: exit 7
    deps: [one]
  "behind \"it\"":
    deps: [bad]
  again:
    run: "[ -e tried ] || { touch tried; exit 9; }"
    retries: 1
  all:
    deps: [two, "behind \"it\"", again]
  waits:
    run: touch begun; sleep 1000
END
mkdir -p sub
(cd sub && run -j2 --events 3 --trace trace all 3>events >/dev/null 2>&1)
same "exit status" 1 "$?"
# Descriptors are not for commands: who reads ours must see its end.
printf 'version: 1\nprocs:\n  leaves:\n    run: sh -c "sleep 30" >/dev/null 2>&1 </dev/null & echo left\n' >leaves.yaml
timeout 20 bash -c 'ORDERLY_TEST_MARK=$1 "$2" run -f leaves.yaml --events 5 leaves 5>&1 >/dev/null 2>&1 | tail -1' x "$mark" "$ORDERLY" >last
has "the end of the descriptor" "$(cat last)" '"event":"run_end"'
within 100 nothing_left || fail "what was left behind lives"

command -v python3 >/dev/null || finish
python3 - sub/events sub/trace >verdict 2>&1 <<'END' || fail "events: $(cat verdict)"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events[0]["event"] == "run_start" and events[0]["schema"] == 1 and events[0]["names"] == ["all"], events[0]
assert all(list(e)[:2] == ["event", "time"] for e in events), "event and time come first"
assert all(a["time"] <= b["time"] + 1e-3 for a, b in zip(events, events[1:])), "backwards"
last = events[-1]
assert last["event"] == "run_end" and last["status"] == 1 and last["total"] == 6 and last["signals"] == 0, last
assert (last["succeeded"], last["failed"], last["canceled"]) == (3, 1, 2), last

def of(kind):
	return {e["proc"]: e for e in events if e["event"] == kind}
ends, starts, wanted = of("proc_end"), of("proc_start"), of("proc_wanted")
names = {"one", "two", "bad", "again", "all", 'behind "it"'}
assert set(ends) == set(wanted) == names, (set(ends), set(wanted))
assert set(starts) == {"one", "two", "bad", "again"}, set(starts)
assert ends["bad"]["state"] == "failed" and ends["bad"]["exit"] == 7 and ends["bad"]["cause"] == "exit code"
assert ends['behind "it"']["root"] == "bad" and ends['behind "it"']["state"] == "dependency failed"
assert ends["one"]["duration"] >= 0.2 and ends["one"]["state"] == "succeeded"
retry = of("proc_retry")
assert set(retry) == {"again"} and retry["again"]["exit"] == 9 and ends["again"]["attempts"] == 2, retry
for name, start in starts.items():
	place = events.index(start)
	assert events.index(wanted[name]) < place < events.index(ends[name]), name
progress = [e for e in events if e["event"] == "progress"]
assert progress and all(e["finished"] <= e["total"] == 6 for e in progress)

trace = json.load(open(sys.argv[2]))["traceEvents"]
spans = [e for e in trace if e["ph"] == "X"]
assert {e["name"] for e in spans} == set(starts), spans
assert {e["tid"] for e in spans} <= {1, 2}
for slot in 1, 2:
	row = sorted((e["ts"], e["ts"] + e["dur"]) for e in spans if e["tid"] == slot)
	assert all(a[1] <= b[0] + 1 for a, b in zip(row, row[1:])), f"two at once in slot {slot}"
assert [e for e in trace if e["ph"] == "M" and e["args"]["name"] == "slot 1"]
assert max(e["args"]["running"] for e in trace if e["ph"] == "C") <= 2
END

# Interrupted: both are whole.
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" run --events events --trace trace waits >found 2>stderr </dev/null &
pid=$!
set +m
within 100 test -e begun || fail "nothing began: $(cat stderr)"
tell INT
within 100 grep -q 'interrupted: nothing' stderr
tell INT
wait "$pid" 2>/dev/null
same "interrupted: exit status" 130 "$?"
python3 - >verdict 2>&1 <<'END' || fail "interrupted: $(cat verdict)"
import json
events = [json.loads(line) for line in open("events")]
assert events[-1]["event"] == "run_end" and events[-1]["signals"] == 2 and events[-1]["interrupted"] == 1, events[-1]
assert [e for e in events if e["event"] == "proc_end"][0]["interrupted"] == 1
assert [e for e in json.load(open("trace"))["traceEvents"] if e["ph"] == "X"][0]["name"] == "waits"
END

# It did not come to a run: that is told, too.
run --events events --trace trace nothing 2>/dev/null
same "an unknown name: exit status" 2 "$?"
same "an unknown name: the last event" 'run_end 2' "$(tail -1 events | sed -E 's/.*"event":"([a-z_]+)".*"status":([0-9]+).*/\1 \2/')"
python3 -c 'import json; json.load(open("trace"))' || fail "an unknown name: the trace is no JSON"

# Where they cannot go.
for where in 77 no/such/file tcp://nowhere:x; do
	runs 3 '' --events "$where" one
	has "--events $where" "$(cat stderr)" "^orderly run: --events $where: "
done
runs 3 '' --trace no/such/file one
has "--trace" "$(cat stderr)" '^orderly run: --trace no/such/file: '
if [ -e /dev/full ]; then
	run --events /dev/full one 2>stderr
	same "events that are lost: exit status" 3 "$?"
	has "events that are lost" "$(cat stderr)" 'no more of them are written'
fi

# As a publisher, to a subscriber that was there first: nothing is missed.
python3 -c 'import zmq' 2>/dev/null || finish
python3 - "$work" >got <<'END' &
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.SUBSCRIBE, b"")
socket.setsockopt(zmq.RCVTIMEO, 60000)
socket.bind(f"ipc://{sys.argv[1]}/socket")
while True:
	message = socket.recv().decode()
	print(message)
	if '"event":"run_end"' in message:
		break
END
pid=$!
within 100 test -S socket || fail "no subscriber"
run --events ">ipc://$work/socket" one two 2>/dev/null
wait "$pid"
same "published" 'run_start run_end' "$(sed -nE 's/^\{"event":"(run_[a-z]+)".*/\1/p' got | xargs)"
finish
