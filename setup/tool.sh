# shellcheck shell=bash
# Finds one program of tools.txt on PATH and links it, or builds it. Needs env.sh, say.sh, version.sh.
#
# $TOOL_CACHE/bin/NAME is the built program or a link to the one on PATH. Beside it, .NAME says how it came there and
# from what, so that a second set-up costs nothing and a changed pin builds anew.

tool_least="" tool_ask=() tool_module="" tool_package="" tool_seconds=0

# read_tool NAME: sets tool_least, tool_ask (words), tool_module, tool_package, tool_seconds from tools.txt.
read_tool() {
  local name least ask module package seconds
  while IFS='|' read -r name least ask module package seconds; do
    [[ ${name// /} == "$1" ]] || continue
    tool_least=${least// /} tool_module=${module// /} tool_package=${package// /} tool_seconds=${seconds// /}
    read -ra tool_ask <<<"$ask"
    return 0
  done <"$PROJECT_ROOT/setup/tools.txt"
  die "no tool named $1 in setup/tools.txt"
}

tool_names() { sed -n 's/^\([a-z][a-z-]*\) *|.*/\1/p' "$PROJECT_ROOT/setup/tools.txt"; }

# What the built program depends on: the pins, and the lines that build it.
build_recipe() {
  local module="$PROJECT_ROOT/setup/go/$tool_module"
  printf 'built %s\n' "$({ printf '%s %s\n' "$tool_package" "$(build_flags)"; cat "$module/go.mod" "$module"/*.go; } | sha256sum)"
}

# The version of the module that the Go module in setup/go pins: its only direct requirement, or one by name.
pinned_version() { sed -n 's/^require [^ ]* \(v[^ ]*\)$/\1/p' "$PROJECT_ROOT/setup/go/$tool_module/go.mod"; }

# Versions that a release build stamps into the program: without them Pulumi and the API server report 0.0.
build_flags() {
  local version
  version="$(pinned_version)"
  case $tool_module in
    engine) printf '%s' "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" ;;
    kubernetes) printf '%s' "-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/client-go/pkg/version.gitVersion=$version" ;;
    prometheus) printf '%s' "-s -w -X github.com/prometheus/common/version.Version=${version#v}" ;;
    *) printf '%s' "-s -w" ;;
  esac
}

# tool_ready NAME: true if the program in the cache is the one that this project wants. Starts no tool.
tool_ready() {
  local file="$TOOL_CACHE/bin/$1" stamp
  read_tool "$1"
  [[ -x $file && -r $TOOL_CACHE/bin/.$1 ]] || return 1
  stamp="$(<"$TOOL_CACHE/bin/.$1")"
  case $stamp in
    linked*) [[ $stamp == "linked $tool_least $(stat -Lc '%Y %s' -- "$file")" ]] ;;
    package*) [[ $stamp == "package $tool_least" ]] ;;
    *) [[ $stamp == "$(build_recipe)" ]] ;;
  esac
}

# on_path NAME: prints the program outside of the cache, first in KUBEBUILDER_ASSETS, then on PATH, whose version is
# new enough. A program without a version is never taken.
on_path() {
  local candidate folder
  read_tool "$1"
  [[ $tool_least != - ]] || return 1
  while read -r candidate; do
    [[ -x $candidate ]] || continue
    folder="$(dirname -- "$candidate")"
    [[ $folder != "$TOOL_CACHE/bin" && $folder != "$PROJECT_ROOT"/* ]] || continue
    at_least "$(version_of "$candidate" "${tool_ask[@]}")" "$tool_least" || continue
    printf '%s\n' "$candidate"
    return 0
  done < <([[ -z ${KUBEBUILDER_ASSETS:-} ]] || printf '%s\n' "$KUBEBUILDER_ASSETS/$1"; type -aP "$1" || true)
  return 1
}

stamp_tool() { printf '%s\n' "$2" >"$TOOL_CACHE/bin/.$1"; }

# stamp_package NAME: the program in the cache came from a system package.
stamp_package() {
  read_tool "$1"
  stamp_tool "$1" "package $tool_least"
}

# link_tool NAME FILE: uses the machine's own program.
link_tool() {
  read_tool "$1"
  mkdir -p "$TOOL_CACHE/bin"
  ln -sfn -- "$2" "$TOOL_CACHE/bin/$1"
  stamp_tool "$1" "linked $tool_least $(stat -Lc '%Y %s' -- "$2")"
  say "$1: uses $2"
}

# build_tool NAME: builds beside and renames, so that a build that was killed leaves nothing half.
build_tool() {
  local name=$1 beside="$TOOL_CACHE/bin/.$1.part"
  read_tool "$name"
  command -v go >/dev/null ||
    die "$name is missing and there is no Go to build it with." \
      "Install Go 1.21 or newer (https://go.dev/dl), or $name ${tool_least#-} or newer, and run make setup again."
  mkdir -p "$TOOL_CACHE/bin"
  rm -f -- "$beside"
  with_progress "build of $name $(pinned_version)" "$tool_seconds" \
    env GOFLAGS=-mod=readonly GOWORK=off go build -C "$PROJECT_ROOT/setup/go/$tool_module" -trimpath \
    -ldflags "$(build_flags)" -o "$beside" "$tool_package"
  mv -f -- "$beside" "$TOOL_CACHE/bin/$name"
  stamp_tool "$name" "$(build_recipe)"
}

# provide NAME: nothing to do, or PATH, or a build.
provide() {
  local found
  tool_ready "$1" && return 0
  if found="$(on_path "$1")"; then link_tool "$1" "$found"; else build_tool "$1"; fi
}
