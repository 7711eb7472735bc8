"""Takers on several views of one directory, killed at random; then the log is read.

usage: mounts.py ORDERLY LOG COUNT KILLS SYNC VIEW...

The first view is where the files are; the others are mounts of it. SYNC: seconds, or 0. Every job must end done;
whoever begins a job must be the first who does, unless everybody who began it before was killed.  At least one of
the kills must have hit a taker that had a job.
"""
import os
import random
import signal
import subprocess
import sys
import time

import begun

orderly, log = sys.argv[1:3]
count, kills, sync, views = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], sys.argv[6:]
random.seed(4711)
folders = {name: os.path.join(views[0], name) for name in ("00_waiting", "01_running", "02_done", "99_failed")}
takers, killed, started, used, hit, more = {}, set(), 0, {}, 0, 10


def start():
    """A taker on the next view."""
    global started
    view = views[started % len(views)]
    started += 1
    wid = f"t{started}"
    command = [orderly, "jobs", "work", "--store", f"dir:{view}", "--taker", wid, "--killed-retries", "1000", "--sync", f"{sync}s",
               "sh", "-c", f"echo begin {{}}.txt $ORDERLY_TAKER $(date +%s.%N) >>'{log}'; sleep 0.00$(($$ % 10)); "
               f"echo end {{}}.txt $ORDERLY_TAKER $(date +%s.%N) >>'{log}'"]
    if sync == "0":
        del command[9:11]
    takers[wid] = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    used[wid] = view


def names(what):
    return os.listdir(folders[what]) if os.path.isdir(folders[what]) else []


def stopped(taker):
    """Stop it: its calls of the file system have ended then."""
    taker.send_signal(signal.SIGSTOP)
    while taker.poll() is None and time.time() < deadline:
        with open(f"/proc/{taker.pid}/stat", encoding="utf-8", errors="replace") as file:
            if file.read().rsplit(")", 1)[1].split()[0] == "T":
                return
        time.sleep(0.001)


def stop_all():
    for taker in takers.values():
        taker.kill()
        taker.wait()


def fail(why):
    stop_all()
    left = {what: sorted(names(what))[:5] for what in folders}
    sys.exit(f"{why}: {left}")


os.makedirs(folders["00_waiting"])
for i in range(count):
    with open(os.path.join(folders["00_waiting"], f"j{i}.txt"), "w", encoding="utf-8") as file:
        file.write(f"job {i}")
for view in views:
    start()
deadline = time.time() + float(os.environ.get("DEADLINE", "120"))
begin = time.time()
while takers:
    if time.time() > deadline:
        fail("never done")
    time.sleep(0.05)
    for wid, taker in list(takers.items()):
        if taker.poll() is not None:
            if taker.returncode != 0:
                fail(f"{wid} on {used[wid]} ended with {taker.returncode}")
            del takers[wid]
    # One that has a job.
    held = [name.split(".")[0] for name in names("01_running")]
    held = [wid for wid in held if wid in takers]
    if kills and held and len(names("02_done")) > count * (len(killed) + 1) // (kills + len(killed) + 2):
        wid = random.choice(held)
        # It may have ended the job since it was seen to have one.
        stopped(takers[wid])
        hit += any(name.startswith(f"{wid}.") for name in names("01_running"))
        takers[wid].send_signal(signal.SIGKILL)
        takers[wid].wait()
        if takers.pop(wid).returncode == -signal.SIGKILL:
            killed.add(wid)
        kills -= 1
        if kills == 0 and hit == 0 and more > 0:
            kills, more = 1, more - 1
        start()
took = time.time() - begin

expected = sorted(f"j{i}.txt" for i in range(count))
if sorted(names("02_done")) != expected:
    fail(f"{len(names('02_done'))} of {count} are done")
noted = begun.read(log)
if sorted(noted) != expected:
    fail("a job was done that nobody began")
again = begun.twice(noted, killed)
if killed and hit == 0:
    fail(f"none of {len(killed)} that were killed had a job")
by = {view: sum(used[wid] == view for all_ in noted.values() for wid, _ in all_) for view in views}
print(f"{count} jobs, {len(killed)} killed, {hit} of them with a job, {again} begun again, {took:.1f} s, sync {sync}: {by}")
