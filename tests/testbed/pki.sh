#!/bin/bash
# Makes the cluster's keys, certificates and kubeconfigs with openssl, once.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh
pki=$TESTBED/pki
[ ! -e "$pki/complete" ] || exit 0
rm -rf "$pki"
mkdir -p -m 700 "$pki"
cd "$pki"

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

# certificate NAME SUBJECT USAGE [ALTERNATIVE-NAMES]
certificate() {
  new_key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  {
    echo "keyUsage=critical,digitalSignature"
    echo "extendedKeyUsage=$3"
    if [ $# -gt 3 ]; then echo "subjectAltName=$4"; fi
  } > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2> /dev/null
  rm "$1.csr" "$1.ext"
}

# kubeconfig CERTIFICATE FILE
kubeconfig() {
  ( umask 077; cat > "$2" ) <<Y
apiVersion: v1
kind: Config
clusters:
- name: testbed
  cluster: {server: "https://127.0.0.1:$API_PORT", certificate-authority-data: $(base64 -w0 ca.crt)}
users:
- name: $1
  user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}
contexts:
- name: testbed
  context: {cluster: testbed, user: $1}
current-context: testbed
Y
}

new_key ca
openssl req -x509 -new -key ca.key -subj /CN=pod-executor-testbed -days 3650 -out ca.crt \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2> /dev/null
api=kubernetes.default
certificate apiserver /CN=kube-apiserver serverAuth \
  "DNS:localhost,DNS:kubernetes,DNS:$api,DNS:$api.svc,DNS:$api.svc.cluster.local,IP:127.0.0.1,IP:$NODE_IP,IP:$SERVICE_IP"
certificate kubelet-server "/CN=$NODE" serverAuth "DNS:$NODE,IP:$NODE_IP,IP:127.0.0.1"
certificate apiserver-to-kubelet /O=system:masters/CN=apiserver-to-kubelet clientAuth
certificate admin /O=system:masters/CN=admin clientAuth
certificate controller-manager /CN=system:kube-controller-manager clientAuth
certificate scheduler /CN=system:kube-scheduler clientAuth
certificate proxy /CN=system:kube-proxy clientAuth
certificate kubelet "/O=system:nodes/CN=system:node:$NODE" clientAuth
for user in controller-manager scheduler proxy kubelet; do kubeconfig $user "$pki/$user.kubeconfig"; done
kubeconfig admin "$KUBECONFIG"
new_key service-accounts
openssl ec -in service-accounts.key -pubout -out service-accounts.pub 2> /dev/null
touch complete
