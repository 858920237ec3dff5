#!/usr/bin/env bash
# Node: the machine's own if package.json's `engines` accepts it, else the one that setup/node pins, in the cache.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

least="$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' package.json)"
[[ -n $least ]] || die 'package.json has no engines.node of the form ">=x.y"'
command -v node >/dev/null && at_least "$(version_of node --version)" "$least" && exit 0
command -v npm >/dev/null || die "there is no npm; install Node $least or newer (https://nodejs.org), which brings it"

folder="$TOOL_CACHE/node"
mkdir -p "$folder"
cp setup/node/package.json setup/node/package-lock.json "$folder/"
# Its install script links the runtime into place, so it must run here; it is the only package.
with_progress "Node $least or newer" 10 npm ci --prefix "$folder" --no-audit --no-fund
. setup/env.sh
hash -r
at_least "$(version_of node --version)" "$least" ||
  die "the Node in $folder does not start; delete that folder and run make setup again"
