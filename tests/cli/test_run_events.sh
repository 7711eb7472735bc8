#!/bin/bash
# orderly run told to programs: --events and --trace, also when something fails or interrupts it.
. "$(dirname "$0")/lib.sh"
needs_run

cat >orderly.yaml <<'END'
version: 1
procs:
  one:
    run: echo "$$"; printf 'half\377'; sleep 0.2
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
(cd sub && run -j2 --events 3 --events-log --trace trace all 3>events >/dev/null 2>&1)
same "exit status" 1 "$?"
# Descriptors are not for commands: who reads ours must see its end.
printf 'version: 1\nprocs:\n  leaves:\n    run: sh -c "sleep 30" >/dev/null 2>&1 </dev/null & echo left\n' >leaves.yaml
timeout 20 bash -c 'ORDERLY_TEST_MARK=$1 "$2" run -f leaves.yaml --events 5 leaves 5>&1 >/dev/null 2>&1 | tail -1' x "$mark" "$ORDERLY" >last
has "the end of the descriptor" "$(cat last)" '"event":"run_end"'
within 100 nothing_left || fail "what was left behind lives"

# What is closed is closed once: nothing is said of it.
for where in events "ipc://$work/published"; do
	run --events "$where" two >/dev/null 2>stderr
	same "--events $where: exit status" 0 "$?"
	same "--events $where: what is said of it" '' "$(grep -a -e --events stderr)"
done

command -v python3 >/dev/null || finish
python3 - sub/events sub/trace >verdict 2>&1 <<'END' || fail "events: $(cat verdict)"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events[0]["event"] == "run_start" and events[0]["schema"] == 1 and events[0]["names"] == ["all"], events[0]
assert all(list(e)[:3] == ["event", "time", "number"] for e in events), "event, time and number come first"
assert [e["number"] for e in events] == list(range(len(events))), "none is missing"
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
# Who wants what, why it runs, and as which process.
assert wanted["all"]["reason"] == "asked for" and "by" not in wanted["all"], wanted["all"]
assert (wanted["bad"]["reason"], wanted["bad"]["by"]) == ("needed", 'behind "it"'), wanted["bad"]
assert all(e["pid"] > 0 and e["reasons"] and e["reasons"][0] for e in starts.values()), starts
assert all(ends[n]["pid"] == e["pid"] for n, e in starts.items() if n != "again"), (starts, ends)
assert ends["one"]["memory"] > 100000 and ends["one"]["user"] + ends["one"]["system"] > 0, ends["one"]
assert "pid" not in ends["all"] and "memory" not in ends["all"] and "duration" not in ends["all"], ends["all"]
said = [e for e in events if e["event"] == "proc_log"]
assert [e["text"] for e in said] == [str(starts["one"]["pid"]), "half\ufffd"], said
assert all(e["proc"] == "one" and e["attempt"] == 1 for e in said)
assert events.index(starts["one"]) < events.index(said[0]) < events.index(ends["one"])
assert open("sub/../" + ends["one"]["log"], "rb").read() == b"%d\nhalf\377" % starts["one"]["pid"]
progress = [e for e in events if e["event"] == "progress"]
assert progress and all(e["finished"] <= e["total"] == 6 for e in progress)

trace = json.load(open(sys.argv[2]))["traceEvents"]
spans = [e for e in trace if e["ph"] == "X"]
assert {e["name"] for e in spans} == set(starts), spans  # groups have not succeeded
assert {e["tid"] for e in spans} <= {1, 2}
for e in spans:
	args = e["args"]
	assert set(args) >= {"state", "cause", "reason", "attempt", "exit", "signal", "cpu", "rss"}, args
	assert args["reason"] in starts[e["name"]]["reasons"] or e["name"] == "again", args
one = [e for e in spans if e["name"] == "one"][0]["args"]
assert abs(one["cpu"] - ends["one"]["user"] - ends["one"]["system"]) < 1e-5 and one["rss"] == ends["one"]["memory"], one
def spans_at(flow):
	return [e["name"] for e in spans if e["tid"] == flow["tid"] and e["ts"] <= flow["ts"] <= e["ts"] + e["dur"]]
begins = {e["id"]: e for e in trace if e["ph"] == "s"}
arrows = [(spans_at(begins[e["id"]]), spans_at(e)) for e in trace if e["ph"] == "f" and e["bp"] == "e"]
assert len(begins) == len(arrows) == 1 and "one" in arrows[0][0] and "bad" in arrows[0][1], arrows
for slot in 1, 2:
	row = sorted((e["ts"], e["ts"] + e["dur"]) for e in spans if e["tid"] == slot)
	assert all(a[1] <= b[0] + 1 for a, b in zip(row, row[1:])), f"two at once in slot {slot}"
assert [e for e in trace if e["ph"] == "M" and e["args"]["name"] == "slot 1"]
counts = [e["args"] for e in trace if e["ph"] == "C"]
assert max(e["running"] for e in counts) == 2 and max(e["ready"] for e in counts) >= 1 and counts[-1] == {"running": 0, "ready": 0}, counts
END

# Groups are spans without length, and arrows go through them; what is up to date is in neither.
cat >groups.yaml <<'END'
version: 1
procs:
  a: { run: sleep 0.1 }
  b: { run: sleep 0.1 }
  both: { deps: [a, b] }
  last: { run: touch last.out, deps: [both], inputs: [groups.yaml], outputs: [last.out] }
END
run -j2 -f groups.yaml --trace trace last >/dev/null 2>&1
python3 - >verdict 2>&1 <<'END' || fail "groups: $(cat verdict)"
import json
trace = json.load(open("trace"))["traceEvents"]
spans = {e["name"]: e for e in trace if e["ph"] == "X"}
assert set(spans) == {"a", "b", "both", "last"} and spans["both"]["tid"] == 0 and spans["both"]["dur"] == 0, spans
begins = {e["id"]: e for e in trace if e["ph"] == "s"}
def at(flow, span):
	return span["tid"] == flow["tid"] and span["ts"] <= flow["ts"] <= span["ts"] + span["dur"]
for one, other in ("a", "both"), ("b", "both"), ("both", "last"):
	assert [e for e in trace if e["ph"] == "f" and at(e, spans[other]) and at(begins[e["id"]], spans[one])], (one, other)
assert [e for e in trace if e["ph"] == "M" and e["args"]["name"] == "groups" and e["tid"] == 0]
END

# A dry run says the same, and why.
run -n --full -f groups.yaml --events events --trace trace last >/dev/null 2>&1
python3 - >verdict 2>&1 <<'END' || fail "dry run: $(cat verdict)"
import json
ends = {e["proc"]: e for e in map(json.loads, open("events")) if e["event"] == "proc_end"}
assert set(ends) == {"a", "b", "both", "last"} and all(e["reasons"] for e in ends.values()), ends
assert not [e for e in json.load(open("trace"))["traceEvents"] if e["ph"] == "X"]
END

# What is left is no less than the longest way of what is expected, however many could run at once.
cat >way.yaml <<'END'
version: 1
procs:
  a: { run: "true", expected: 1000s }
  b: { run: exit 1, expected: 2000s, deps: [a] }
  c: { run: "true", expected: 3000s, deps: [b] }
  beside: { run: sleep 0.1, expected: 10s }
  all: { deps: [c, beside] }
END
run -j4 -f way.yaml --db none --events events all >/dev/null 2>&1
python3 - >verdict 2>&1 <<'END' || fail "what is left: $(cat verdict)"
import json
events = list(map(json.loads, open("events")))
first = [e for e in events if e["event"] == "progress"][0]
assert events[events.index(first) - 1]["proc"] == "a", "it was not told with the first end"
assert 4990 < first["left"] <= 6000, first
END

# Interrupted: both are whole.
set -m
ORDERLY_TEST_MARK=$mark "$ORDERLY" run --events events --trace trace waits >found 2>stderr </dev/null &
pid=$!
set +m
within 100 test -e begun || fail "nothing began: $(cat stderr)"
tell INT
wait "$pid" 2>/dev/null
same "interrupted: exit status" 130 "$?"
python3 - >verdict 2>&1 <<'END' || fail "interrupted: $(cat verdict)"
import json
events = [json.loads(line) for line in open("events")]
assert events[-1]["event"] == "run_end" and events[-1]["signals"] == 1 and events[-1]["interrupted"] == 1, events[-1]
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
	run --events /dev/full one >/dev/null 2>stderr
	same "events that are lost: exit status" 3 "$?"
	has "events that are lost" "$(cat stderr)" 'no more of them are written'
fi

# As a publisher, to a subscriber that was there first: nothing is missed.
cat >subscribe.py <<'END'
import ctypes, ctypes.util, os, sys, time
zmq = ctypes.CDLL(ctypes.util.find_library("zmq") or "libzmq.so.5")
zmq.zmq_ctx_new.restype = zmq.zmq_socket.restype = ctypes.c_void_p
zmq.zmq_socket.argtypes = zmq.zmq_bind.argtypes = [ctypes.c_void_p, ctypes.c_int]
zmq.zmq_bind.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
zmq.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
zmq.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
SUB, SUBSCRIBE, RCVTIMEO, RCVHWM = 2, 6, 27, 24
socket = zmq.zmq_socket(zmq.zmq_ctx_new(), SUB)
def option(name, number):
	value = ctypes.c_int(number)
	assert zmq.zmq_setsockopt(socket, name, ctypes.byref(value), 4) == 0
option(RCVHWM, int(sys.argv[3]))
option(RCVTIMEO, 60000 if sys.argv[2] == "-" else 2000)
assert zmq.zmq_setsockopt(socket, SUBSCRIBE, b"", 0) == 0
assert zmq.zmq_bind(socket, sys.argv[1].encode()) == 0
open("bound", "w").close()
buffer = ctypes.create_string_buffer(100000)
while True:
	size = zmq.zmq_recv(socket, buffer, 100000, 0)
	if size < 0:
		break
	print(buffer.raw[:size].decode())
	if b'"event":"run_end"' in buffer.raw[:size]:
		break
	if sys.argv[2] != "-" and not os.path.exists(sys.argv[2]):
		time.sleep(0.02)
END
python3 -c 'import ctypes, ctypes.util; ctypes.CDLL(ctypes.util.find_library("zmq") or "libzmq.so.5")' 2>/dev/null || finish
python3 subscribe.py "ipc://$work/socket" - 1000 >got &
pid=$!
within 100 test -e bound || fail "no subscriber"
run --events ">ipc://$work/socket" one two >/dev/null 2>&1
wait "$pid"
same "published" 'run_start run_end' "$(sed -nE 's/^\{"event":"(run_[a-z]+)".*/\1/p' got | xargs)"

# One that is slow does not hold the run up, and sees by the numbers that it has missed some.
printf 'version: 1\nprocs:\n  flood:\n    run: seq 300000\n' >flood.yaml
rm -f bound
python3 subscribe.py "ipc://$work/slow" over 1 >got &
pid=$!
within 100 test -e bound || fail "no slow subscriber"
timeout 120 "$ORDERLY" run -f flood.yaml --events ">ipc://$work/slow" --events-log flood >/dev/null 2>stderr
same "a slow subscriber: exit status" 0 "$?"
touch over
wait "$pid"
[ "$(wc -l <got)" -gt 1 ] && [ "$(wc -l <got)" -lt 300000 ] || fail "a slow subscriber: $(wc -l <got) messages"
run -f flood.yaml --events all --events-log flood >/dev/null 2>&1
same "a file gets all of them" 300000 "$(grep -c '"event":"proc_log"' all)"
finish
