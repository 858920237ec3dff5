#!/usr/bin/env bash
# Resolves requirements/*.in anew into requirements/*.txt: hashes of every file, no registry's address.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

for list in uv dev; do
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    "$@" --output-file "requirements/$list.txt" "requirements/$list.in"
done
setup/python.sh
