"""Takers of orderly and takers in Python on one directory, killed at random; then the log is read.

usage: mixed.py ORDERLY DIRECTORY COUNT KILLS

Every job must end done, in one folder; whoever begins a job must be the first who does, unless everybody
who began it before was killed, or was silent for longer than --stale.
"""
import os
import random
import signal
import subprocess
import sys
import time

import begun

orderly, base, count, kills = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
STALE = 6.0
here = os.path.dirname(os.path.abspath(__file__))
jobs, log = os.path.join(base, "jobs"), os.path.join(base, "log")
random.seed(4711)
started, killed, takers = 0, set(), {}


def start():
    global started
    started += 1
    if started % 2:
        wid = f"p{started}"
        command = [sys.executable, os.path.join(here, "dir_taker.py"), jobs, wid, log]
    else:
        wid = f"o{started}"
        command = [orderly, "jobs", "work", "--store", f"dir:{jobs}", "--taker", wid, "--stale", f"{STALE}s", "--killed-retries", "1000",
                   "sh", "-c", f"echo begin {{}}.txt $ORDERLY_TAKER $(date +%s.%N) >>{log}; echo end {{}}.txt $ORDERLY_TAKER $(date +%s.%N) >>{log}"]
    takers[wid] = subprocess.Popen(command, stdin=subprocess.DEVNULL)


os.makedirs(os.path.join(jobs, "00_waiting"))
for i in range(count // 2):
    with open(os.path.join(jobs, "00_waiting", f"mine{i}.txt"), "w", encoding="utf-8") as file:
        file.write("some words")
names = [f"theirs{i}" for i in range(count - count // 2)]
for i in range(0, len(names), 500):
    subprocess.run([orderly, "jobs", "add", "--store", f"dir:{jobs}", *names[i:i + 500]], check=True)
for i in range(4):
    start()
deadline = time.time() + 60 + count / 20
pause = max(0.05, count / 250 / max(kills, 1))
while takers:
    if time.time() > deadline:
        sys.exit("never done")
    time.sleep(pause if kills else 0.05)
    for wid, taker in list(takers.items()):
        if taker.poll() is not None and wid not in killed:
            if taker.returncode != 0:
                sys.exit(f"{wid} ended with {taker.returncode}")
            del takers[wid]
    if kills and takers:
        wid = random.choice(list(takers))
        takers[wid].kill()
        takers[wid].wait()
        if takers[wid].returncode == -signal.SIGKILL:
            killed.add(wid)
        del takers[wid]
        kills -= 1
        start()
    if not takers and (os.listdir(os.path.join(jobs, "00_waiting")) or os.listdir(os.path.join(jobs, "01_running"))):
        start()

done = os.listdir(os.path.join(jobs, "02_done"))
expected = sorted([f"mine{i}.txt" for i in range(count // 2)] + [f"{name}.txt" for name in names])
if sorted(done) != expected:
    odd = set(done) ^ set(expected)
    sys.exit(f"{len(done)} of {count} are done; odd: {sorted(odd)[:5]}; failed: {os.listdir(os.path.join(jobs, '99_failed'))[:5]}")
noted = begun.read(log)
twice = begun.twice(noted, killed, STALE)
by_python = sum(wid.startswith("p") for all_ in noted.values() for wid, _ in all_)
if sorted(noted) != expected:
    sys.exit("a job was done that nobody began")
print(f"{count} jobs, {started} takers, {len(killed)} killed, {twice} begun again, {by_python} begun by Python")
