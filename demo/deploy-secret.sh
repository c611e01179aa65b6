#!/bin/bash
# deploy-secret.sh NAMESPACE API-ADDRESS: puts a kubeconfig into the Secret kube-config, for the demo's deploy job:
# a token that may look at nodes, and an address of the API server that pods can reach.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
namespace=$1 api=$2

kubectl get namespace "$namespace" > /dev/null 2>&1 || kubectl create namespace "$namespace"
sed "s/@NAMESPACE@/$namespace/g" "$here/deployer.yaml" | kubectl apply --namespace "$namespace" --filename -
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# newer clusters make a token on request, older ones keep one in a Secret
if ! token=$(kubectl create token demo-deployer --namespace "$namespace" --duration 24h 2> /dev/null); then
  for _ in $(seq 100); do
    name=$(kubectl get serviceaccount demo-deployer --namespace "$namespace" -o 'jsonpath={.secrets[0].name}')
    [ -z "$name" ] || break
    sleep 0.1
  done
  [ -n "$name" ] || { echo "the service account demo-deployer has got no token" >&2; exit 1; }
  token=$(kubectl get secret "$name" --namespace "$namespace" -o 'jsonpath={.data.token}' | base64 -d)
fi
ca=$(kubectl config view --minify --flatten --raw -o 'jsonpath={.clusters[0].cluster.certificate-authority-data}')
( umask 077; cat > "$work/config" ) <<Y
apiVersion: v1
kind: Config
clusters:
- name: demo
  cluster: {server: "$api"${ca:+, certificate-authority-data: $ca}}
users:
- name: demo-deployer
  user: {token: $token}
contexts:
- name: demo
  context: {cluster: demo, user: demo-deployer}
current-context: demo
Y
kubectl create secret generic kube-config --namespace "$namespace" --from-file=config="$work/config" --dry-run=client -o yaml \
  | kubectl apply --filename -
