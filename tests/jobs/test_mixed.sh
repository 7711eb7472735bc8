#!/bin/bash
# Takers of orderly and an independent one in Python, on one directory at the same time, killed at random.
# ORD_JOBS_MIXED and ORD_JOBS_MIXED_KILLS: how many jobs (200), and kills (6).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${ORDERLY:-}" ] && "$ORDERLY" --version | grep -q '^built in:.* jobs' || exit 77
python3 -c 'import os' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 "$here/mixed.py" "$ORDERLY" "$folder" "${ORD_JOBS_MIXED:-200}" "${ORD_JOBS_MIXED_KILLS:-6}"
