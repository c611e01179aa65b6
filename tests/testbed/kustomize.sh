#!/bin/bash
# kustomize.sh: prints the path of a current kustomize (5.x, of Debian 13), fetched the first time; the cluster's own kubectl has 2.0.3.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
[ -x "$CACHE/kustomize/usr/bin/kustomize" ] || { mkdir -p "$CACHE"; exec 9> "$CACHE/kustomize.lock"; flock 9; }
unpack_package trixie kustomize "$CACHE/kustomize" usr/bin/kustomize > /dev/null
echo "$CACHE/kustomize/usr/bin/kustomize"
