#!/usr/bin/env bash
# install_locked.sh ENVIRONMENT LOCK…: put the packages of hash-locked requirements into a virtual environment.
# A lock names its whole closure, so nothing is resolved: a release that came out after the lock was written
# cannot be drawn in, not even by an extra of a locked package. `check` says whether the closure is whole.
set -euo pipefail
environment=$1
shift

pip=("$environment/bin/python" -m pip --disable-pip-version-check)
for lock in "$@"; do
  "${pip[@]}" install --quiet --no-deps --require-hashes --only-binary :all: --requirement "$lock"
done
"${pip[@]}" check
