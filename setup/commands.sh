#!/usr/bin/env bash
# Installs what the commands need on a real stack: Node, packages, Pulumi. Installs nothing of the rehearsal.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

for part in node npm pulumi; do "setup/$part.sh"; done
