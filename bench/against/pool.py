#!/usr/bin/env python3
"""The peer's side: multiprocessing.Pool of two processes that add one to a number.

Reads lines "METHOD TASKS" and answers each with a line when every result is there and checked.
"""
import multiprocessing
import sys


def add_one(number):
    return number + 1


def results(pool, method, tasks):
    if method == "map":
        return pool.map(add_one, range(tasks))
    return pool.imap(add_one, range(tasks), chunksize=int(method))


def main():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for line in sys.stdin:
            method, tasks = line.split()
            expected = 1
            for number in results(pool, method, int(tasks)):
                assert number == expected
                expected += 1
            assert expected == int(tasks) + 1
            print("done", flush=True)


main()
