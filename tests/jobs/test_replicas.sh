#!/bin/bash
# Changes that are seen late, and what --sync makes of them: two copies of a directory that a process keeps alike,
# every 100 ms. It is no network mount.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${ORDERLY:-}" ] && "$ORDERLY" --version | grep -q '^built in:.* jobs' || exit 77
python3 -c 'import shutil' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 "$here/replicas.py" "$ORDERLY" "$folder"
