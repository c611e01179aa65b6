#!/bin/bash
# generate.sh [POD_EXECUTOR]: writes the manifests that are generated: the Roles, of the executor's own table of rights.
set -euo pipefail
cd "$(dirname "$0")"
executor=${1:-../../artifacts/publish/Driver/release_linux-x64/pod-executor}
"$executor" rbac job doctor --namespace ci --account pod-executor > parts/rbac/manager.yaml
"$executor" rbac gc --namespace ci --account pod-executor-gc > parts/rbac/gc.yaml
