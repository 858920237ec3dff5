#!/usr/bin/env bash
# The Kubernetes control plane that the rehearsal runs, and kubectl.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/start.sh"

for name in etcd kube-apiserver kube-controller-manager kubectl; do provide "$name"; done
