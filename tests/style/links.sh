#!/bin/bash
# The documents in Markdown: each file that one links to, or names by its path from the top (`lib/base/memory.h`), is
# there. A path with a part in capitals, a `*` or `...` names many; what has been renamed may stand in the changes.
# usage: links.sh [TREE]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
exec python3 - <<'END'
import os
import re
import subprocess
import sys

wrong = []
found = subprocess.run("find . -name build -prune -o -name planted -prune -o -name '.*' ! -name . -prune -o -name '*.md' -print",
                       shell=True, check=True, capture_output=True, text=True).stdout.split()
for path in sorted(found):
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        links = [os.path.join(os.path.dirname(path), link) for link in re.findall(r"\]\(([^)#\s]+)", line) if "://" not in link]
        if not path.endswith("CHANGELOG.md"):
            links += re.findall(r"`((?:bench|docs|include|lib|tests|tools)/[a-z][\w./-]*)`", line)
        wrong += [f"{path}:{number}: {link} is not there" for link in links
                  if not os.path.exists(link) and not re.search(r"[A-Z]{3}|/\.", os.path.normpath(link))]
print("\n".join(wrong), end="\n" if wrong else "")
sys.exit(bool(wrong))
END
