#!/usr/bin/env python3
"""The peer's side: two processes that log one line of 80 bytes per number to a QueueListener of their parent.

Reads lines "CHUNK TASKS" and answers each with a line when every result and every record is there.
"""
import logging
import logging.handlers
import multiprocessing
import sys
import threading

TEXT = "x" * 80


class Count(logging.Handler):
    """Counts records, and tells when so many have come."""

    def __init__(self):
        super().__init__()
        self.wanted = -1
        self.came = 0
        self.all = threading.Event()

    def expect(self, wanted):
        self.all.clear()
        self.came, self.wanted = 0, wanted

    def handle(self, record):
        assert len(record.msg) == len(TEXT)
        self.came += 1
        if self.came == self.wanted:
            self.all.set()


def begin(queue):
    logger = logging.getLogger()
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.handlers.QueueHandler(queue))


def log(number):
    logging.getLogger().info(TEXT)
    return number + 1


def main():
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    count = Count()
    with context.Pool(2, begin, (queue,)) as pool:
        listener = logging.handlers.QueueListener(queue, count)
        listener.start()
        for line in sys.stdin:
            chunk, tasks = (int(word) for word in line.split())
            count.expect(tasks)
            for _ in pool.imap(log, range(tasks), chunksize=chunk):
                pass
            count.all.wait()
            print("done", flush=True)
        listener.stop()


main()
