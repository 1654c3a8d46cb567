#!/usr/bin/env bash
# Make the virtual environment of the tests under target/ and print its folder: the locked packages
# of the generated server, then those of the tests. Made anew when a lock changes.
set -euo pipefail
cd "$(dirname "$0")/.."

locks=(catalog/fastmcp/build/requirements.txt tests/requirements.txt)
stamp=$(cat "${locks[@]}" scripts/python_environment.sh scripts/install_locked.sh | sha256sum | cut -c1-16)
environment="$PWD/target/python/$stamp"
if [ ! -e "$environment/ready" ]; then
  python=$(scripts/find_python.sh)
  rm -rf target/python
  mkdir -p target/python
  "$python" -m venv "$environment" >&2
  scripts/install_locked.sh "$environment" "${locks[@]}" >&2
  touch "$environment/ready"
fi
echo "$environment"
