"""A taker of the directory protocol that knows nothing of orderly: four folders, files, renames.

usage: dir_taker.py JOBS WID LOG

It leaves when nothing waits and nothing runs.  Each begin and end is a line of LOG, for who checks that
no job is done twice.
"""
import os
import random
import sys
import time

jobs, wid, log_path = sys.argv[1:4]
waiting, running, done, failed = (os.path.join(jobs, name) for name in ("00_waiting", "01_running", "02_done", "99_failed"))
for folder in (waiting, running, done, failed):
    os.makedirs(folder, exist_ok=True)
log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)


def note(what, job):
    os.write(log, f"{what} {job} {wid} {time.time():.6f}\n".encode())


def claim():
    """The name of a job that is ours now, or None."""
    names = [name for name in os.listdir(waiting) if name.endswith(".txt") and os.path.isfile(os.path.join(waiting, name))]
    random.shuffle(names)
    for name in names:
        try:
            os.rename(os.path.join(waiting, name), os.path.join(running, f"{wid}.{name}"))
            return name
        except FileNotFoundError:
            continue
    return None


while True:
    name = claim()
    if name is None:
        if not os.listdir(running) and not [name for name in os.listdir(waiting) if name.endswith(".txt")]:
            break
        time.sleep(0.02)
        continue
    note("begin", name)
    with open(os.path.join(running, f"{wid}.{name}"), encoding="utf-8") as file:
        fails = file.read() == "fail"
    time.sleep(random.random() * 0.004)
    note("end", name)
    try:
        if fails:
            os.rename(os.path.join(running, f"{wid}.{name}"), os.path.join(failed, f"{int(time.time())}.{name}"))
        else:
            os.rename(os.path.join(running, f"{wid}.{name}"), os.path.join(done, name))
    except FileNotFoundError:
        note("lost", name)
