#!/usr/bin/env python3
"""Prints C sources line by line as path:line:text, with what is not code replaced by blanks.

usage: source.py code FILE...       comments, strings and characters are blank
       source.py includes FILE...   the #include lines only
       source.py slashes FILE...    the lines in which a // comment begins
"""
import re
import sys

TOKEN = re.compile(r'/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip(text, strings=True):
    def replace(match):
        token = match.group()
        if token[0] == "/":
            return blank(token)
        return token[0] + blank(token[1:-1]) + token[-1] if strings else token

    return TOKEN.sub(replace, text)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def lines(mode, path):
    text = read(path)
    if mode == "slashes":
        for match in TOKEN.finditer(text):
            if match.group().startswith("//"):
                yield text.count("\n", 0, match.start()) + 1, match.group()
        return
    for number, line in enumerate(strip(text, mode == "code").split("\n"), 1):
        if mode == "code" or re.match(r"\s*#\s*include\b", line):
            yield number, line


if __name__ == "__main__":
    for path in sys.argv[2:]:
        for number, line in lines(sys.argv[1], path):
            print(f"{path}:{number}:{line}")
