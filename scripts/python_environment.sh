#!/usr/bin/env bash
# python_environment.sh [FOLDER LOCK…]: make a virtual environment of hash-locked packages under target/FOLDER and print
# its folder. Without arguments it is that of the tests: the packages of the generated server, then those of the tests.
# Made anew when a lock changes.
set -euo pipefail
cd "$(dirname "$0")/.."

kept=target/${1:-python}
locks=("${@:2}")
if [ $# -eq 0 ]; then
  locks=(catalog/fastmcp/build/requirements.txt tests/requirements.txt)
fi
stamp=$(cat "${locks[@]}" scripts/python_environment.sh scripts/install_locked.sh | sha256sum | cut -c1-16)
environment="$PWD/$kept/$stamp"
if [ ! -e "$environment/ready" ]; then
  python=$(scripts/find_python.sh)
  rm -rf "$kept"
  mkdir -p "$kept"
  "$python" -m venv "$environment" >&2
  scripts/install_locked.sh "$environment" "${locks[@]}" >&2
  touch "$environment/ready"
fi
echo "$environment"
