#!/usr/bin/env bash
# Node packages, as locked. No install script runs: esbuild works from its optional package without one.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

want="$({ cat package-lock.json; node --version; } | sha256sum)"
stamp=node_modules/.deployment-safety-lock
[[ -r $stamp && $(<"$stamp") == "$want" ]] && exit 0

with_progress "Node packages" 40 npm ci --ignore-scripts --no-audit --no-fund
node_modules/.bin/esbuild --version >/dev/null 2>&1 ||
  die "esbuild has no binary for this machine; npm must not omit optional packages (npm config get omit)"
printf '%s\n' "$want" >"$stamp"
