#!/usr/bin/env bash
# Checks the workflows in .github.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

provide actionlint
