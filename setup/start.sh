# shellcheck shell=bash
# Sourced first by each set-up script: tools on PATH, messages, and one set-up at a time on a machine's cache.
# A script that was started by another one (all.sh) runs under that one's lock.
. "${BASH_SOURCE[0]%/*}/env.sh"
. "${BASH_SOURCE[0]%/*}/say.sh"
. "${BASH_SOURCE[0]%/*}/version.sh"
. "${BASH_SOURCE[0]%/*}/tool.sh"

if [[ -z ${SETUP_HAS_LOCK:-} ]]; then
  mkdir -p "$TOOL_CACHE"
  exec {SETUP_LOCK}>"$TOOL_CACHE/setup.lock"
  if ! flock -n "$SETUP_LOCK"; then
    say "another set-up is running; waiting for it (at most an hour)"
    flock -w 3600 "$SETUP_LOCK" || die "the other set-up still runs after an hour; its lock is $TOOL_CACHE/setup.lock"
  fi
  export SETUP_HAS_LOCK=1
fi
cd "$PROJECT_ROOT" || exit
