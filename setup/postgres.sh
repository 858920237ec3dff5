#!/usr/bin/env bash
# Finds PostgreSQL's server binaries on this machine; $TOOL_CACHE/postgresql links to their folder.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

least=14
link="$TOOL_CACHE/postgresql"

is_server() {
  local program
  for program in initdb pg_ctl postgres psql pg_dump pg_basebackup; do
    [[ -x $1/$program ]] || return 1
  done
}

# Distributions keep the server binaries off PATH, in a folder for each major version; the newest comes first.
candidates() {
  pg_config --bindir 2>/dev/null || true
  printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin | sort -rV
  type -aP initdb | while read -r file; do dirname -- "$(readlink -f -- "$file")"; done
}

find_server() {
  local folder
  while read -r folder; do
    is_server "$folder" || continue
    at_least "$(version_of "$folder/postgres" --version)" "$least" || continue
    printf '%s\n' "$folder"
    return 0
  done < <(candidates)
  return 1
}

[[ ${1:-} == --find ]] && { find_server; exit; }
is_server "$link" && exit 0
if ! folder="$(find_server)"; then
  how="install PostgreSQL $least or newer with its server and clients (Debian: apt-get install postgresql)"
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then die "there is no PostgreSQL server: $how"; fi
  with_progress "Debian package postgresql" 60 env DEBIAN_FRONTEND=noninteractive \
    sh -c 'apt-get update -q && apt-get install -qy --no-install-recommends postgresql'
  folder="$(find_server)" || die "the Debian package brought no PostgreSQL $least: $how"
fi
ln -sfn -- "$folder" "$link"
say "postgresql: uses $folder"
