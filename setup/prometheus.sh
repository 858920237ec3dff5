#!/usr/bin/env bash
# Prometheus: PATH, else unpacked from the Debian package, else built.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

# Unpacks without installing: that needs no root and starts no service on this machine.
unpack_package() {
  local folder="$TOOL_CACHE/prometheus.part"
  rm -rf -- "$folder" && mkdir -p "$folder" "$TOOL_CACHE/bin" && cd "$folder" &&
    { apt-get download -q prometheus || { [[ $EUID -eq 0 ]] && apt-get update -q && apt-get download -q prometheus; }; } &&
    dpkg-deb -x ./prometheus_*.deb . &&
    ./usr/bin/prometheus --version &&
    mv -f usr/bin/prometheus "$TOOL_CACHE/bin/prometheus" &&
    cd "$PROJECT_ROOT" && rm -rf -- "$folder"
}

tool_ready prometheus && exit 0
if found="$(on_path prometheus)"; then
  link_tool prometheus "$found"
elif command -v apt-get dpkg-deb >/dev/null && (with_progress "Debian package prometheus" 10 unpack_package); then
  stamp_package prometheus
else
  build_tool prometheus
fi
