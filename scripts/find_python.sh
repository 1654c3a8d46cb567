#!/usr/bin/env bash
# Print the path of a Python 3.12 that answers; a name on PATH can be a shim that fails.
set -euo pipefail

answers() {
  # Not that of a virtual environment: it would be gone with it.
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 12) or sys.prefix != sys.base_prefix)' >/dev/null 2>&1
}

candidates=(python3.12 python3 python)
for folder in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin; do
  candidates+=("$folder/python3.12")
done
if command -v uv >/dev/null 2>&1; then
  candidates+=("$(uv python find 3.12 2>/dev/null || true)")
fi
for candidate in "${candidates[@]}"; do
  path=$(command -v "$candidate" 2>/dev/null) || continue
  if answers "$path"; then
    "$path" -c 'import sys; print(sys.executable)'
    exit 0
  fi
done
cat >&2 <<'MESSAGE'
error: no Python 3.12 with `venv` answers
hint: install one (Debian: `apt-get install python3.12-venv`; pyenv: `pyenv install 3.12`; uv: `uv python install 3.12`)
      so that `python3.12 -c 'import venv'` works
MESSAGE
exit 1
