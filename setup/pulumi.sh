#!/usr/bin/env bash
# The Pulumi engine and its Node language host.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

provide pulumi
tool_ready pulumi-language-nodejs && exit 0
# A released Pulumi has its language host beside it; one that belongs to another Pulumi is not taken.
host="$(dirname -- "$(readlink -f -- "$TOOL_CACHE/bin/pulumi")")/pulumi-language-nodejs"
if [[ -L $TOOL_CACHE/bin/pulumi && -x $host ]]; then
  link_tool pulumi-language-nodejs "$host"
else
  build_tool pulumi-language-nodejs
fi
