#!/bin/bash
# secrets.sh NAMESPACE [MINIO_NAMESPACE]: makes the Secrets that the manifests need and do not hold; one that is there stays as it is.
#
#   gitlab-runner  in NAMESPACE: the runner's authentication token (glrt-…), read from RUNNER_TOKEN, or typed
#   cache-s3       in NAMESPACE and MINIO_NAMESPACE: the cache's S3 keys, from CACHE_ACCESS_KEY and CACHE_SECRET_KEY, or made up
#   minio-root     in MINIO_NAMESPACE: MinIO's administrator, made up
#
# Without MINIO_NAMESPACE there is no MinIO: cache-s3 is made only if both variables are set.
# Nothing secret stands on a command line or is printed.
set -euo pipefail
fail() { printf 'secrets.sh: %s\n' "$*" >&2; exit 1; }
[ $# = 1 ] || [ $# = 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
namespace=$1 minio=${2:-}
command -v kubectl > /dev/null || fail "kubectl is needed"
umask 077

random() { head -c 256 /dev/urandom | base64 -w0 | tr -dc 'a-zA-Z0-9' | head -c "$1"; }

has() { [ -n "$(kubectl get secret "$2" --namespace "$1" --ignore-not-found --output name)" ]; }

ensure_namespace() {
  [ -n "$(kubectl get namespace "$1" --ignore-not-found --output name)" ] || kubectl create namespace "$1" > /dev/null
}

# secret NAMESPACE NAME KEY VALUE [KEY VALUE]
secret() {
  local ns=$1 name=$2
  shift 2
  has "$ns" "$name" && { echo "$ns/$name is there already"; return; }
  {
    printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels: {app.kubernetes.io/part-of: pod-executor}\ndata:\n' "$name"
    while [ $# -gt 0 ]; do printf '  %s: %s\n' "$1" "$(printf %s "$2" | base64 -w0)"; shift 2; done
  } | kubectl create --namespace "$ns" --filename - > /dev/null
  echo "$ns/$name made"
}

# value NAMESPACE NAME KEY
value() { kubectl get secret "$2" --namespace "$1" --output "jsonpath={.data.$3}" | base64 -d; }

ensure_namespace "$namespace"
if ! has "$namespace" gitlab-runner; then
  token=${RUNNER_TOKEN:-}
  if [ -z "$token" ]; then read -rsp 'Authentication token of the runner (glrt-…): ' token; echo; fi
  [ -n "$token" ] || fail "the runner's token is empty: make a runner in GitLab (Settings, CI/CD, Runners) and copy its token"
  secret "$namespace" gitlab-runner token "$token"
fi

access=${CACHE_ACCESS_KEY:-} secret_key=${CACHE_SECRET_KEY:-}
if [ -n "$minio" ]; then
  ensure_namespace "$minio"
  secret "$minio" minio-root user "root-$(random 12)" password "$(random 40)"
  # both namespaces hold the same keys, also when one of them was made before
  for ns in "$namespace" "$minio"; do
    if has "$ns" cache-s3; then access=$(value "$ns" cache-s3 access-key) secret_key=$(value "$ns" cache-s3 secret-key); fi
  done
  : "${access:=$(random 20)}" "${secret_key:=$(random 40)}"
  [ "$minio" = "$namespace" ] || secret "$minio" cache-s3 access-key "$access" secret-key "$secret_key"
fi
if [ -n "$access" ] && [ -n "$secret_key" ]; then
  secret "$namespace" cache-s3 access-key "$access" secret-key "$secret_key"
fi
