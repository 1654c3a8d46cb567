#!/usr/bin/env bash
# Make the virtual environment of the tests under target/ and print its folder: the locked packages
# of the generated server, then those of the tests. Made anew when a lock changes.
set -euo pipefail
cd "$(dirname "$0")/.."

locks=(catalog/fastmcp/build/requirements.txt tests/requirements.txt)
stamp=$(cat "${locks[@]}" scripts/python_environment.sh | sha256sum | cut -c1-16)
environment="$PWD/target/python/$stamp"
if [ ! -e "$environment/ready" ]; then
  python=$(scripts/find_python.sh)
  rm -rf target/python
  mkdir -p target/python
  "$python" -m venv "$environment" >&2
  # A lock names its whole closure: nothing is left to resolve, so no newer release can be drawn in. `check` says that it is whole.
  pip=("$environment/bin/pip" --quiet --disable-pip-version-check)
  for lock in "${locks[@]}"; do
    "${pip[@]}" install --no-deps --require-hashes --only-binary :all: --requirement "$lock" >&2
  done
  "${pip[@]}" check >&2
  touch "$environment/ready"
fi
echo "$environment"
