#!/bin/bash
# Exits 0 if the test cluster is up. Says how to use it.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
for name in containerd etcd kube-apiserver kubelet kube-controller-manager kube-scheduler kube-proxy api-for-pods; do
  daemon_pid $name > /dev/null || { echo "the cluster is down: $name does not run"; exit 1; }
done
api_ready || { echo "the cluster is down: the API server is not ready"; exit 1; }
echo "the cluster is up; KUBECONFIG=$KUBECONFIG"
