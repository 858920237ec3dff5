#!/usr/bin/env bash
# Installs the locked Node packages. No install script runs: esbuild works from its optional package without one.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

# A link is somebody else's folder (a working copy's): not ours to replace.
[[ -L node_modules ]] && exit 0

want="$({ cat package-lock.json; node --version; } | sha256sum)"
stamp=node_modules/.deployment-safety-lock
[[ -r $stamp && $(<"$stamp") == "$want" ]] && exit 0

with_progress "Node packages" 40 npm ci --ignore-scripts --no-audit --no-fund
node_modules/.bin/esbuild --version >/dev/null 2>&1 ||
  die "esbuild has no binary for this machine; npm must not omit optional packages (npm config get omit)"
printf '%s\n' "$want" >"$stamp"
