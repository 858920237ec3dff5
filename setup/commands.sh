#!/usr/bin/env bash
# What the commands need that change a real stack: Node, packages, Pulumi. No part of the rehearsal.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

for part in node npm pulumi; do "setup/$part.sh"; done
