#!/usr/bin/env python3
"""The binary interface of a library as lines of text, compared with the record of this version.

usage: interface.py show|check|accept TREE BUILD [LIBRARY]

show     print the lines
check    compare them with tests/abi/LIBRARY-VERSION.txt, and with the record of the version before
accept   write that file anew

LIBRARY is liborderly, liborderly-graph or liborderly-jobs.

A line is a kind, a name and what may not change about it: symbols of the library, functions and function
types with their parameters, structs with size, fields with offset, size and type, enumerators, constants.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

CC = os.environ.get("ORDERLY_CC", "cc")
LIBRARY = sys.argv[4] if len(sys.argv) > 4 else "liborderly"
OTHERS = {name: "liborderly-graph" for name in ("graph.h", "graph_options.h", "proc.h", "watch.h", "context.h", "definition.h")}
OTHERS["jobs.h"] = "liborderly-jobs"


def own_headers():
    for path in sorted(glob.glob("include/orderly/*.h")):
        if OTHERS.get(os.path.basename(path), "liborderly") == LIBRARY:
            yield path


def run(*command, text=None):
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# --- what the headers declare ---


def includes():
    return "".join(f"#include <{path[len('include/'):]}>\n" for path in own_headers())


def own_lines(preprocessed):
    """What comes from our headers, without attributes, on one line."""
    ours, kept, own = False, [], {os.path.basename(path) for path in own_headers()}
    for line in preprocessed.split("\n"):
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = "include/orderly/" in marker.group(1) and os.path.basename(marker.group(1)) in own
        elif ours:
            kept.append(line)
    text = " ".join(" ".join(kept).split())
    return re.sub(r"__attribute__ ?\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\) ?", "", text)


def parameters(text):
    """The types of parameters, without their names."""
    types = []
    for parameter in text.split(","):
        parameter = parameter.strip()
        named = re.match(r"(.*[\s*])(\w+)$", parameter)
        if named and named.group(2) not in ("int", "char", "unsigned", "void", "long", "double"):
            parameter = named.group(1).strip()
        types.append(parameter)
    return ", ".join(types)


def fields(name, body):
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        match = re.fullmatch(r"(.*[\s*])(\w+)(\[\w+\])?", declaration)
        if match is None:
            sys.exit(f"struct {name}: cannot read the field '{declaration}'; give its type a name")
        yield match.group(2), match.group(1).strip() + (match.group(3) or "")


def constants(macros):
    own = set(re.findall(r"^#define (ORD_\w+)", "".join(read(path) for path in own_headers()), re.M))
    for name, value in re.findall(r"^#define (ORD_\w+) (.+)$", macros, re.M):
        if name in own and re.fullmatch(r"-?\w*\d+[uUlL]*|U?INT(8|16|32|64)_MAX", value) and \
                not name.startswith("ORD_VERSION"):
            yield name


class Declared:
    def __init__(self):
        command = (CC, "-E", "-std=c11", "-Iinclude", "-x", "c", "-")
        text = own_lines(run(*command, text=includes()))
        self.structs, self.enums, self.lines = {}, {}, []
        for name, body in re.findall(r"\bstruct (\w+) \{([^{}]*)\}", text):
            self.structs[name] = list(fields(name, body))
        for name, body in re.findall(r"\benum (\w+) \{([^{}]*)\}", text):
            self.enums[name] = re.findall(r"(\w+)(?: ?=[^,]*)?(?:,|$)", body.strip())
        for statement in re.sub(r"\{[^{}]*\}", "", text).split(";"):
            statement = statement.strip()
            pointer = re.fullmatch(r"typedef (.+?) ?\( ?\* ?(\w+) ?\) ?\((.*)\)", statement)
            function = re.fullmatch(r"(?:extern )?(\w.*?[\s*])(ord_\w+) ?\((.*)\)", statement)
            if pointer:
                self.lines.append(f"type {pointer[2]} {pointer[1]} ({parameters(pointer[3])})")
            elif function:
                self.lines.append(f"function {function[2]} {function[1].strip()} ({parameters(function[3])})")
        macros = run(CC, "-dM", *command[1:], text=includes())
        self.constants = sorted(constants(macros))

    def program(self):
        """A program that prints what only a compiler knows."""
        out = ["#include <stddef.h>\n#include <stdio.h>\n", includes(), "int main(void)\n{\n"]
        for name, parts in self.structs.items():
            out.append(f'printf("struct {name} %zu\\n", sizeof(struct {name}));\n')
            for field, kind in parts:
                out.append(f'printf("field {name}.{field} %zu %zu {kind}\\n", offsetof(struct {name}, {field}), '
                           f"sizeof(((struct {name} *)0)->{field}));\n")
        for name, values in self.enums.items():
            for value in values:
                out.append(f'printf("value {name}.{value} %lld\\n", (long long){value});\n')
        for name in self.constants:
            out.append(f'printf("constant {name} %llu\\n", (unsigned long long){name});\n')
        return "".join(out) + "return 0;\n}\n"

    def measured(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "measure")
            run(CC, "-std=c11", "-Iinclude", "-x", "c", "-o", program, "-", text=self.program())
            return run(program).splitlines()


def shown(library):
    yield "soname " + re.search(r"SONAME\s+(\S+)", run("objdump", "-p", library)).group(1)
    for line in run("nm", "-D", "--defined-only", library).splitlines():
        kind, name = line.split()[1:3]
        if kind != "A":
            yield "symbol " + re.sub("@+", " ", name)


def interface(build):
    declared = Declared()
    return sorted(set(list(shown(f"{build}/{LIBRARY}.so")) + declared.lines + declared.measured()), key=order)


def order(line):
    """Kinds in a fixed order; fields stay behind their struct, by offset."""
    kind, name = line.split()[:2]
    kinds = ["soname", "symbol", "function", "type", "struct", "field", "value", "constant"]
    owner = name.split(".")[0]
    if kind == "field":
        return kinds.index("struct"), owner, 1, int(line.split()[2]), name
    if kind == "value":
        return kinds.index("value"), owner, 0, int(line.split()[2]), name
    return kinds.index(kind), owner, 0, 0, name


# --- what may change ---


def table(lines):
    return {" ".join(line.split()[:2]): " ".join(line.split()[2:]) for line in lines if line and line[0] != "#"}


def may_grow(name, old, new):
    """A struct that says its size may grow behind what was there."""
    return old.get(f"field {name}.size", "").startswith("0 ") and int(new[f"struct {name}"]) > int(old[f"struct {name}"])


def differences(old, new):
    """Two lists of sentences: what breaks programs that were built before, and what was added."""
    breaks, added = [], []
    for key, value in old.items():
        if key not in new:
            breaks.append(f"removed: {key} {value}".rstrip())
        elif new[key] != value:
            kind, name = key.split()
            if kind == "struct" and may_grow(name, old, new):
                continue
            breaks.append(f"changed: {key} {new[key]}, was: {value}")
    for key in new.keys() - old.keys():
        owner = key.split()[1].split(".")[0]
        if key.startswith("field ") and f"struct {owner}" in old and \
                int(new[key].split()[0]) < int(old[f"struct {owner}"]):
            breaks.append(f"added before the end: {key} {new[key]}")
        else:
            added.append(f"added: {key} {new[key]}".rstrip())
    return sorted(breaks), sorted(added)


def number(path):
    return tuple(int(part) for part in re.search(r"-([\d.]+)\.txt$", path).group(1).split("."))


class Version:
    """This version, its record, and the record of the one before."""

    def __init__(self):
        headers = "".join(read(path) for path in glob.glob("include/orderly/*.h"))
        self.name = re.search(r'#define ORD_VERSION "([\d.]+)"', headers).group(1)
        self.path = f"tests/abi/{LIBRARY}-{self.name}.txt"
        older = [path for path in glob.glob(f"tests/abi/{LIBRARY}-[0-9]*.txt") if number(path) < number(self.path)]
        self.before = max(older, key=number, default=None)
        changes = read("docs/CHANGELOG.md")
        section = re.search(rf"^## {re.escape(self.name)}(.*?)(?=^## |\Z)", changes, re.M | re.S)
        section = section.group(1) if section else ""
        self.released = "unreleased" not in section.split("\n")[0]
        note = re.search(r"^### ABI$(.*?)(?=^##|\Z)", section, re.M | re.S)
        self.note = note.group(1) if note else ""

    def unsaid(self, added):
        """What was added since the version before and is not named in the changes."""
        for line in added:
            name = line.split()[2].split(".")[-1]
            if not re.search(rf"\b{re.escape(name)}\b", self.note):
                yield f'{line}: docs/CHANGELOG.md does not name {name} under "### ABI" of {self.name}'


def against_before(version, now):
    if version.before is None:
        return []
    before = table(read(version.before).splitlines())
    soname = [key for key in before if key.startswith("soname ")]
    if soname and soname[0] not in now:
        return []
    breaks, added = differences(before, now)
    told = number(version.before)
    told = ".".join(str(part) for part in told)
    wrong = [f"{line}\n    programs built with {told} use it, and the SONAME is the same: put it back" for line in breaks]
    return wrong + list(version.unsaid(added))


def check(version, now):
    wrong = []
    if not os.path.exists(version.path):
        wrong.append(f"{version.path}: there is no record of this version: make it, tests/abi/test_abi.sh --accept")
    else:
        breaks, added = differences(table(read(version.path).splitlines()), now)
        wrong += breaks + added
        if breaks and version.released:
            wrong.append(f"{version.name} is released: what it has stays as long as the SONAME does")
        elif wrong and version.released:
            wrong.append(f"{version.name} is released: raise the version first (include/orderly/version.h)")
        elif wrong:
            wrong.append("If that is meant: tests/abi/test_abi.sh --accept, and name what was added since the last "
                         'release in docs/CHANGELOG.md under "### ABI"')
    return wrong + against_before(version, now)


def accept(version, lines):
    now = table(lines)
    old = table(read(version.path).splitlines()) if os.path.exists(version.path) else None
    if old is not None and version.released and old != now:
        sys.exit(f"{version.name} is released: raise the version first (include/orderly/version.h)")
    with open(version.path, "w", encoding="utf-8") as file:
        file.write(f"# The binary interface of {version.name} on 64-bit Linux; tests/abi/test_abi.sh --accept writes this file.\n"
                   + "\n".join(lines) + "\n")
    print(f"{version.path}: {len(lines)} lines")


def main():
    what, tree, build = sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3])
    os.chdir(tree)
    if sys.maxsize < 2**32:
        print("the records are those of 64-bit machines")
        sys.exit(77)
    lines = interface(build)
    if what == "show":
        print("\n".join(lines))
        return
    version = Version()
    if what == "accept":
        accept(version, lines)
    wrong = check(version, table(lines))
    print("\n".join(wrong) if wrong else f"{version.name}: {len(lines)} lines, as recorded")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
