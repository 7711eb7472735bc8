#!/bin/bash
# Headers against manual pages: every function, constant and field of the interface is in a page, every function in a
# page is in a header, every page that is referred to is there, every example of C is a piece of a program in
# docs/examples, and mandoc has nothing to say. usage: manual.sh [TREE]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here"
cd "${1:-$here/../..}"
exec python3 - <<'END'
import glob
import re
import shutil
import subprocess
import sys

import source

headers = "\n".join(source.strip(source.read(path)) for path in sorted(glob.glob("include/orderly/*.h")))
pages = {path: source.read(path) for path in sorted(glob.glob("docs/man/*.3"))}
all_pages = {path: source.read(path) for path in sorted(glob.glob("docs/man/*.[0-9]"))}
programs = [source.read(path) for path in sorted(glob.glob("docs/examples/*.c"))]
wrong = []


def constants():
    """Names that a program may write, but for what only the headers themselves need."""
    for name in set(re.findall(r"\bORD_[A-Z0-9_]+\b", headers)):
        if not re.search(r"_$|_H$|_MAP$|_ENUM$|^ORD_(API|MUST_CHECK|PRINTF)$", name):
            yield name


def fields():
    for body in re.findall(r"\bstruct \w+ \{([^{}]*)\}", headers):
        yield from re.findall(r"(\w+)(?:\[\w*\])?;", body)


def examples(text):
    """The blocks of a page that are C, each with the number of its first line."""
    for match in re.finditer(r"^\.Bd -literal.*\n((?:(?!\.Ed).*\n)*)\.Ed$", text, re.M):
        code = match.group(1).replace("\\&", "").replace("\\e", "\\")
        if re.search(r"\bord_\w+ ?\(|\bORD_\w+\(", code):
            yield text.count("\n", 0, match.start(1)) + 1, code

if not pages:
    wrong.append("docs/man: there is no page of section 3")
interface = set(re.findall(r"\bORD_API\b[^;{]*?\b(ord_\w+)\s*\(", headers))
if not interface:
    wrong.append("include/orderly: there is no function")
known = set(re.findall(r"\b(ord_\w+)\s*\(", headers)) | set(re.findall(r"\(\s*\*\s*(ord_\w+)\s*\)", headers))
names = {path.split("/")[-1] for path in glob.glob("docs/man/*.[0-9]")}

everything = "\n".join(pages.values())
for name in sorted(interface):
    if not re.search(rf"\b{name}\b", everything):
        wrong.append(f"docs/man: {name} is in no page")
for name in sorted(set(constants()) | set(fields())):
    if not re.search(rf"\b{name}\b", everything):
        wrong.append(f"docs/man: {name} is in no page")
for path, text in all_pages.items():
    for number, code in examples(text):
        if not any(code in program for program in programs):
            wrong.append(f"{path}:{number}: this is in no program of docs/examples")
    if shutil.which("mandoc"):
        said = subprocess.run(["mandoc", "-Tlint", "-W", "warning", path], capture_output=True, text=True).stdout
        wrong += [line.removeprefix("mandoc: ") for line in said.splitlines()]
for path, text in all_pages.items():
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith('.\\"'):
            continue
        named = re.findall(r"^\.\s*F[no]\s+\"?(?:[\w *]*\s\*?)?(ord_\w+)", line)
        named += re.findall(r"\b(ord_\w+)\s*\((?!\d\))", line)
        wrong += [f"{path}:{number}: {name} is in no header" for name in named if name not in known]
        referred = re.findall(r"\b((?:ord_|orderly)\w*)\((\d)\)", line)
        referred += re.findall(r"^\.(?:.*\s)?Xr\s+((?:ord_|orderly)[\w.-]*)\s+(\d)", line)
        wrong += [f"{path}:{number}: there is no page {n}({s})" for n, s in referred if f"{n}.{s}" not in names]

print("\n".join(wrong), end="\n" if wrong else "")
sys.exit(bool(wrong))
END
