#!/bin/bash
# apiserver.sh start|kill|wait
#   start  starts the API server (nothing if it runs)
#   kill   ends it with SIGKILL, as a crash would: connections break, etcd keeps the objects
#   wait   until it is ready, for at most 60 s
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root

start() {
  ! daemon_pid kube-apiserver > /dev/null || return 0
  local pki=$TESTBED/pki etcd=http://127.0.0.1:$ETCD_PORT
  daemon kube-apiserver "$KUBERNETES/bin/kube-apiserver" --etcd-servers="$etcd" \
    --bind-address=127.0.0.1 --secure-port="$API_PORT" --insecure-port=0 --advertise-address="$NODE_IP" \
    --service-cluster-ip-range="$SERVICE_CIDR" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --allow-privileged=true --profiling=false --cert-dir="$RUN_DIR/apiserver" --client-ca-file="$pki/ca.crt" \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --kubelet-client-certificate="$pki/apiserver-to-kubelet.crt" --kubelet-client-key="$pki/apiserver-to-kubelet.key" \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$pki/service-accounts.pub" \
    --service-account-signing-key-file="$pki/service-accounts.key" \
    --audit-policy-file="$PWD/audit-policy.yaml" --audit-log-path="$AUDIT_LOG" --audit-log-maxsize=1000 --audit-log-maxbackup=1
}

wait_ready() { wait_for 60 api_ready || { log_tail kube-apiserver >&2; fail "the API server is not ready after 60 s"; }; }

case ${1:-} in
  start) take_lock; start ;;
  kill) take_lock; daemon_pid kube-apiserver > /dev/null || fail "no API server runs"; stop_daemon kube-apiserver KILL ;;
  wait) wait_ready ;;
  start-unlocked) start ;;   # for up.sh, which holds the lock
  *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
esac
