#!/bin/bash
# The tables of README.md and docs/performance.md are those of the figures that are kept in bench.
# usage: bench.sh [TREE]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/../../tools/bench-tables" --check "${1:-$here/../..}"
