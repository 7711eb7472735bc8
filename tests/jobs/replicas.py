"""Two copies of a list, kept alike by this process every so often, as clients of Nextcloud or unison do: no mount.

usage: replicas.py ORDERLY DIRECTORY

Each copy has a taker.  Without --sync both do the same job (so the copies do differ for a while); with it each
job is done once, and one that is killed in its wait leaves nothing that is done twice.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

orderly, base = sys.argv[1:3]
EVERY = 0.1


class Copies:
    """What both had at the last look is what tells a new file from one that was removed."""

    def __init__(self, roots):
        self.roots = roots
        self.known = {}

    def files(self, root):
        found = {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    is_ = os.stat(path)
                except FileNotFoundError:
                    continue
                if not name.startswith(".copy"):
                    found[os.path.relpath(path, root)] = (is_.st_size, is_.st_mtime_ns)
        return found

    def copy(self, name, root, other):
        to = os.path.join(other, name)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        fresh = os.path.join(os.path.dirname(to), ".copy")
        try:
            shutil.copy2(os.path.join(root, name), fresh)
            os.rename(fresh, to)
        except FileNotFoundError:
            pass

    def remove(self, name, root):
        try:
            os.unlink(os.path.join(root, name))
        except FileNotFoundError:
            pass

    def step(self):
        one, other = [self.files(root) for root in self.roots]
        for name in set(one) | set(other) | set(self.known):
            was, here, there = self.known.get(name), one.get(name), other.get(name)
            if here == there:
                now = here
            elif here == was or (there != was and here is None):
                # It has changed over there.
                now = there
                if there is None:
                    self.remove(name, self.roots[0])
                else:
                    self.copy(name, self.roots[1], self.roots[0])
            else:
                now = here
                if here is None:
                    self.remove(name, self.roots[1])
                else:
                    self.copy(name, self.roots[0], self.roots[1])
            self.known[name] = now
            if now is None:
                del self.known[name]


def held(root):
    """The claims of a copy."""
    folder = os.path.join(root, "01_running")
    return os.listdir(folder) if os.path.isdir(folder) else []


def run(what, jobs, sync, victim):
    """Works a list off on two copies; begins of each job by takers that were not killed."""
    folder = os.path.join(base, what)
    roots = [os.path.join(folder, side) for side in "ab"]
    log = os.path.join(folder, "log")
    os.makedirs(os.path.join(roots[0], "00_waiting"))
    for i in range(jobs):
        with open(os.path.join(roots[0], "00_waiting", f"j{i}.txt"), "w", encoding="utf-8") as file:
            file.write(f"job {i}")
    shutil.copytree(roots[0], roots[1])
    copies = Copies(roots)
    copies.step()
    takers = {}
    for root, wid in zip(roots, ("w1", "w2")):
        takers[wid] = subprocess.Popen([orderly, "jobs", "work", "--store", f"dir:{root}", "--taker", wid, "--sync", f"{sync}s" if sync else "1ms",
                                        "--killed-retries", "5", "sh", "-c", f"echo {{}} $ORDERLY_TAKER >>{log}; sleep 0.05"],
                                       stdin=subprocess.DEVNULL)
    deadline = time.time() + 60
    if sync == 0:
        # Both have begun before either sees the other.
        while time.time() < deadline and len({line.split()[1] for line in open(log, encoding="utf-8")} if os.path.exists(log) else ()) < 2:
            time.sleep(0.01)
    while any(taker.poll() is None for taker in takers.values()):
        if time.time() > deadline:
            sys.exit(f"{what}: never done")
        copies.step()
        time.sleep(EVERY)
        if victim and any(name.startswith(f"{victim}.") for name in held(roots[1])):
            takers[victim].send_signal(signal.SIGKILL)
            takers[victim].wait()
            victim = None
    for _ in range(3):
        copies.step()
    done = sorted(name for name in os.listdir(os.path.join(roots[0], "02_done")) if name.endswith(".txt"))
    if done != [f"j{i}.txt" for i in range(jobs)]:
        sys.exit(f"{what}: done are {done}, running {os.listdir(os.path.join(roots[0], '01_running'))}")
    begun = {}
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            begun.setdefault(line.split()[0], []).append(line.split()[1])
    return begun


twice = run("unsynchronised", 3, 0, None)
if not any(len(set(takers)) > 1 for takers in twice.values()):
    sys.exit("no job was done twice without --sync: the copies did not differ, and this test tests nothing")
for victim in (None, "w2"):
    begun = run(f"killed-{victim}", 4, 1.5, victim)
    odd = {job: takers for job, takers in begun.items() if len(takers) != 1}
    if odd:
        sys.exit(f"done twice in spite of --sync: {odd}")
print("one winner each")
