# shellcheck shell=bash
# Puts this project's tools first on PATH. Sourced by every make recipe and every set-up script; prints nothing.
# Sets PROJECT_ROOT (this project), TOOL_CACHE (what set-up installs outside of it) and, once set-up has found them,
# POSTGRES_BIN (the folder of PostgreSQL's server binaries).
PROJECT_ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
TOOL_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/deployment-safety"
if [ -d "$TOOL_CACHE/postgresql" ]; then
  POSTGRES_BIN="$(readlink -f -- "$TOOL_CACHE/postgresql")"
  export POSTGRES_BIN
fi
for _folder in "$TOOL_CACHE/bin" "$TOOL_CACHE/node/node_modules/.bin" "$PROJECT_ROOT/.venv/bin"; do
  case ":$PATH:" in
    *":$_folder:"*) ;;
    *) PATH="$_folder:$PATH" ;;
  esac
done
unset _folder
export PROJECT_ROOT TOOL_CACHE PATH
