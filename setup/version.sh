# shellcheck shell=bash
# Versions of programs.

# version_of COMMAND...: prints the first x.y or x.y.z in what the command says; nothing if it says none within 10 s.
version_of() {
  local said
  said="$(timeout 10 "$@" 2>/dev/null </dev/null)" || true
  [[ $said =~ [0-9]+\.[0-9]+(\.[0-9]+)? ]] && printf '%s\n' "${BASH_REMATCH[0]}"
}

# at_least VERSION LEAST: true if VERSION is LEAST or newer.
at_least() {
  [[ -n $1 && "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" == "$2" ]]
}
