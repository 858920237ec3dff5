#!/usr/bin/env bash
# Installs what is missing; with nothing to do it only compares stamps. What is quick and may need a person comes first,
# and set-up tries all of it before it gives up. The long builds come last, one after another.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

failed=()
for part in node npm python postgres chromium; do "setup/$part.sh" || failed+=("$part"); done
((${#failed[@]} == 0)) || die "not set up: ${failed[*]} (reasons above); make doctor shows what is missing"

seconds=0 missing=()
for name in $(tool_names); do
  tool_ready "$name" && continue
  missing+=("$name")
  seconds=$((seconds + tool_seconds))
done
((${#missing[@]} > 0)) || exit 0
say "to find or build: ${missing[*]}; at most about $((seconds / 60 + 1)) min on 2 cores, once"
for part in pulumi kubernetes prometheus actionlint; do "setup/$part.sh"; done
say "done"
