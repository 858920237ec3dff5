#!/usr/bin/env bash
# Installs Chromium, in which the tests open the pages that `make report` writes. Nothing else needs it, so set-up goes on
# where it cannot be installed; the tests then say what they left out.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

for name in chromium chromium-browser google-chrome; do
  ! type -P "$name" >/dev/null || exit 0
done
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
  say "there is no Chromium: the tests of the report's page are left out (Debian: apt-get install chromium)"
  exit 0
fi
with_progress "Debian package chromium" 60 env DEBIAN_FRONTEND=noninteractive \
  sh -c 'apt-get update -q && apt-get install -qy --no-install-recommends chromium'
