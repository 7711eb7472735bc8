"""What takers have noted of the jobs that they began, and whether any was begun that somebody else had.

A line of the log: begin or end, the job's file, the taker, the time.
"""


def read(path):
    """The (taker, time) of each begin, by job, as they came."""
    begun = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            what, job, wid, when = line.split()
            if what == "begin":
                begun.setdefault(job, []).append((wid, float(when)))
    return begun


def twice(begun, killed, stale=float("inf")):
    """How many were begun again: why, if not because who had it was killed, or silent for so long."""
    again = 0
    for job, all_ in begun.items():
        for i, (wid, when) in enumerate(all_):
            for other, since in all_[:i]:
                again += 1
                if other not in killed and when - since < stale:
                    raise SystemExit(f"{job} was begun by {wid}, {when - since:.3f} s behind {other}, who lives")
    return again
