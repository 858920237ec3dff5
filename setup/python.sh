#!/usr/bin/env bash
# Installs the locked Python packages, with hashes, into .venv. uv installs them, or pip where uv has no build.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

least=3.11
want="$(cat requirements/uv.txt requirements/dev.txt | sha256sum)"
stamp=.venv/.deployment-safety-lock
[[ -x .venv/bin/python && -r $stamp && $(<"$stamp") == "$want" ]] && exit 0

find_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    candidate="$(type -aP "$candidate" | grep -v "^$PROJECT_ROOT/" | head -n 1)" || continue
    at_least "$(version_of "$candidate" --version)" "$least" && printf '%s\n' "$candidate" && return 0
  done
  return 1
}

install_packages() {
  local pip=(.venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes)
  if "${pip[@]}" -r requirements/uv.txt; then
    .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements/uv.txt requirements/dev.txt
  else
    "${pip[@]}" -r requirements/dev.txt
  fi
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  python="$(find_python)" || die "there is no Python $least or newer; install one (Debian: apt-get install python3-venv)"
  "$python" -m venv --clear .venv >/dev/null ||
    die "$python cannot make a virtual environment; install its venv module (Debian: apt-get install python3-venv)"
fi
with_progress "Python packages" 40 install_packages
printf '%s\n' "$want" >"$stamp"
