#!/usr/bin/env python3
"""The peer's side: multiprocessing.Pool of two processes that add one to a number.

Reads lines "METHOD TASKS" and answers each with a line when every result is there and checked. METHOD is map,
a chunk size for imap, or log: imap in chunks of 64 with one record of 80 bytes per task through a QueueListener.
"""
import logging
import logging.handlers
import multiprocessing
import sys
import threading

TEXT = "a task says what it does, in one line that is as long as lines in logs often are"


class Counter(logging.Handler):
    def __init__(self, expected):
        super().__init__()
        self.left = expected
        self.all = threading.Event()

    def emit(self, record):
        assert record.getMessage() == TEXT
        self.left -= 1
        if self.left == 0:
            self.all.set()


def start_worker(queue):
    logger = logging.getLogger()
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.handlers.QueueHandler(queue))


def add_one(number):
    return number + 1


def say_and_add_one(number):
    logging.info(TEXT)
    return number + 1


def results(pool, method, tasks):
    if method == "map":
        return pool.map(add_one, range(tasks))
    if method == "log":
        return pool.imap(say_and_add_one, range(tasks), chunksize=64)
    return pool.imap(add_one, range(tasks), chunksize=int(method))


def check(pool, method, tasks):
    expected = 1
    for number in results(pool, method, tasks):
        assert number == expected
        expected += 1
    assert expected == tasks + 1


def check_with_log(pool, queue, tasks):
    counter = Counter(tasks)
    listener = logging.handlers.QueueListener(queue, counter)
    listener.start()
    check(pool, "log", tasks)
    # A worker's records may come behind its last result.
    counter.all.wait()
    listener.stop()
    assert counter.left == 0


def main():
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with context.Pool(2, start_worker, (queue,)) as pool:
        print("ready", flush=True)
        for line in sys.stdin:
            method, tasks = line.split()
            if method == "log":
                check_with_log(pool, queue, int(tasks))
            else:
                check(pool, method, int(tasks))
            print("done", flush=True)


main()
