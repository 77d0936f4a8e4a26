#!/usr/bin/env bash
# Installs a wheel into a fresh environment and runs the doctests of its module there, from outside of the checkout.
#   packaging/try_wheel.sh [WHEEL]          by default the newest in target/packaging/out
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=$(realpath "${1:-$(ls -t target/packaging/out/*.whl | head -1)}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "$wheel"
cd "$folder"
"$folder/venv/bin/unifews" --version
"$folder/venv/bin/python" - <<'PY'
import doctest
import sys

import unifews
from unifews import _bundle, _program, _prune

results = [doctest.testmod(module) for module in (unifews, _program, _bundle, _prune)]
n, failed = (sum(part) for part in ([r.attempted for r in results], [r.failed for r in results]))
print(f"{n} examples, {failed} failed, in {unifews.__file__}")
sys.exit(1 if failed or n < 15 else 0)
PY
