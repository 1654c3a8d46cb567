#!/usr/bin/env bash
# Write the hash-locked requirements of the MCP server, of the tests and of Checkov.
# In: catalog/fastmcp/build/requirements.in, tests/requirements.in, tests/output/policies/requirements.in.
# Out: requirements.txt beside each.
# uv resolves for one platform but writes the hashes of every file, so one lock serves x86_64 and aarch64.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() {
  uv pip compile --quiet --no-header --no-annotate --generate-hashes \
    --python-version 3.12 --python-platform "$platform" "$@"
}

for platform in x86_64-manylinux_2_28 aarch64-manylinux_2_28; do
  lock catalog/fastmcp/build/requirements.in -o "/tmp/stacktic-lock-$platform.txt"
done
cmp /tmp/stacktic-lock-x86_64-manylinux_2_28.txt /tmp/stacktic-lock-aarch64-manylinux_2_28.txt
mv /tmp/stacktic-lock-x86_64-manylinux_2_28.txt catalog/fastmcp/build/requirements.txt
rm /tmp/stacktic-lock-aarch64-manylinux_2_28.txt

# Both locks go into one environment: the server's versions are constraints of the tests.
platform=x86_64-manylinux_2_28
lock --constraints catalog/fastmcp/build/requirements.txt tests/requirements.in -o tests/requirements.txt
lock tests/output/policies/requirements.in -o tests/output/policies/requirements.txt
