#!/usr/bin/env bash
# Shows what set-up found on this machine, which version and where, what is missing and how to get it. Changes nothing.
# Ends with 1 if something is missing.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/env.sh"
. "${BASH_SOURCE[0]%/*}/say.sh"
. "${BASH_SOURCE[0]%/*}/version.sh"
. "${BASH_SOURCE[0]%/*}/tool.sh"
cd "$PROJECT_ROOT"

missing=0
row() { printf '%-24s %-12s %s\n' "$1" "$2" "$3"; }
lacks() {
  row "$1" "missing" "$2"
  missing=$((missing + 1))
}

# program NAME LEAST HOW COMMAND...: a program that set-up expects on the machine.
program() {
  local name=$1 least=$2 how=$3 version
  shift 3
  version="$(version_of "$@" || true)"
  if [[ -z $version ]]; then
    lacks "$name" "$how"
  elif ! at_least "$version" "$least"; then
    lacks "$name" "found $version, wanted $least or newer: $how"
  else
    row "$name" "$version" "$(type -P "$1")"
  fi
}

# stamped NAME STAMP WANT: a set of packages that set-up installs.
stamped() {
  if [[ -r $2 && $(<"$2") == "$3" ]]; then row "$1" "as locked" "${2%/*}"; else lacks "$1" "make setup installs them"; fi
}

row "what" "version" "where, or how to get it"
program bash 5.0 "install bash 5 or newer" bash --version
program flock 2.0 "install util-linux" flock --version
program node "$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' package.json)" "make setup installs it into its cache" node --version
program npm 9.0 "install Node, which brings it (https://nodejs.org)" npm --version
program python3 3.11 "install Python with its venv module (Debian: apt-get install python3-venv)" python3 --version
stamped "Node packages" node_modules/.deployment-safety-lock "$({ cat package-lock.json; node --version; } 2>/dev/null | sha256sum)"
stamped "Python packages" .venv/.deployment-safety-lock "$(cat requirements/uv.txt requirements/dev.txt | sha256sum)"
if folder="$(setup/postgres.sh --find)"; then
  row postgresql "$(version_of "$folder/postgres" --version)" "$folder"
else
  lacks postgresql "install version 14 or newer with server and clients (Debian: apt-get install postgresql)"
fi
if browser="$(type -P chromium || type -P chromium-browser || type -P google-chrome)"; then
  row chromium "$(version_of "$browser" --version)" "$browser"
else
  row chromium none "not needed but for the tests of the report's page (Debian: apt-get install chromium)"
fi

unbuilt=0
for name in $(tool_names); do
  if tool_ready "$name"; then
    if [[ $tool_least == - ]]; then version="-"; else version="$(version_of "$TOOL_CACHE/bin/$name" "${tool_ask[@]}" || true)"; fi
    row "$name" "$version" "$(readlink -f -- "$TOOL_CACHE/bin/$name")"
  elif found="$(on_path "$name")"; then
    lacks "$name" "make setup links it to $found"
  else
    lacks "$name" "make setup builds it with Go (about $tool_seconds s on 2 cores), or put ${tool_least/#-/it} or newer on PATH"
    unbuilt=$((unbuilt + 1))
  fi
done
if ((unbuilt > 0)) && ! command -v go >/dev/null; then
  lacks go "needed for $unbuilt builds: install Go 1.21 or newer (https://go.dev/dl)"
else
  row go "$(version_of go version || printf 'none')" "$(type -P go || printf 'not needed now; the builds would need it')"
fi

((missing == 0)) || { printf '%s missing\n' "$missing"; exit 1; }
