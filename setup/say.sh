# shellcheck shell=bash
# How set-up talks: progress and errors go to stderr, so that stdout stays free for results.

say() { printf 'setup: %s\n' "$*" >&2; }

# die MESSAGE...: one line for each argument, then ends the script with 1.
die() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

# with_progress WHAT SECONDS COMMAND...: runs the command with its output in a log, prints a line every 15 s with the
# estimate (SECONDS, as measured on 2 cores), and the end of the log if it fails. A function given as COMMAND runs without
# `set -e`, as everything does whose result is asked for: chain its commands with &&.
with_progress() {
  local what=$1 estimate=$2 log ticker result=0
  shift 2
  mkdir -p "$TOOL_CACHE/log"
  log="$TOOL_CACHE/log/${what//[^a-zA-Z0-9.]/-}.log"
  say "$what: about $estimate s on 2 cores"
  progress_lines "$what" "$estimate" >&2 &
  ticker=$!
  # shellcheck disable=SC2064 # the number as it is now
  trap "kill $ticker 2>/dev/null || true" EXIT
  "$@" >"$log" 2>&1 </dev/null || result=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  trap - EXIT
  if ((result != 0)); then
    tail -n 20 -- "$log" >&2
    die "$what failed with exit code $result; the whole log is $log"
  fi
}

# Ends by itself when the set-up that it reports on is gone. It waits with `read`, not `sleep`, because a sleep that
# outlives it would hold the terminal or pipe open.
progress_lines() {
  local what=$1 estimate=$2 start=$SECONDS never
  exec {never}<> <(:)
  until read -rt 15 -u "$never" _ || ! kill -0 "$$" 2>/dev/null; do
    say "$what: $((SECONDS - start)) s of about $estimate s"
  done
}
