#!/bin/bash
# harbor.sh up|down: a private registry with TLS of its own CA and a login, at https://10.244.0.1:443, which the node and the pods that have
# a host alias know as harbor.local.com. Login: admin / harbor-password. In it: devops/base:1 (busybox). CA: $TESTBED/harbor/ca.crt.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
home=$TESTBED/harbor

answers() { [ "$(curl -s --max-time 2 -o /dev/null -w '%{http_code}' --cacert "$home/ca.crt" --resolve "$HARBOR_HOST:443:$NODE_IP" "https://$HARBOR_HOST/v2/")" = 401 ]; }

# known: the node's containerd looks this up at each pull; a cluster that was made anew has it no more
known() {
  mkdir -p "$TESTBED/certs.d/$HARBOR_HOST"
  printf 'server = "https://%s"\n[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n  ca = "%s/ca.crt"\n' "$HARBOR_HOST" "$NODE_IP" "$home" \
    > "$TESTBED/certs.d/$HARBOR_HOST/hosts.toml"
}

up() {
  [ -f "$IMAGES/busybox.tar" ] || fail "the images are not made: run $PWD/images.sh"
  ! port_taken 443 || fail "port 443 is taken: $(ss -ltnpH 'sport = :443' | awk '{print $4, $6}')"
  rm -rf "$home"
  mkdir -p -m 755 "$home/data"
  (
    cd "$home"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=harbor testbed CA' -keyout ca.key -out ca.crt
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$HARBOR_HOST" -keyout harbor.key -out harbor.csr
    openssl x509 -req -in harbor.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile <(echo "subjectAltName=DNS:$HARBOR_HOST,IP:$NODE_IP") -out harbor.crt
  ) > "$home/pki.log" 2>&1 || fail "openssl failed: see $home/pki.log"
  # bcrypt, without apache's tools
  perl -e 'my @c = ("a".."z", "A".."Z", 0..9); print "$ARGV[0]:", crypt($ARGV[1], "\$2y\$05\$" . join("", map { $c[rand @c] } 1..21) . "u"), "\n"' \
    "$HARBOR_USER" "$HARBOR_PASSWORD" > "$home/htpasswd"
  cat > "$home/config.yml" <<Y
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $home/data}, delete: {enabled: true}}
http: {addr: "$NODE_IP:443", tls: {certificate: $home/harbor.crt, key: $home/harbor.key}}
auth: {htpasswd: {realm: harbor, path: $home/htpasswd}}
Y
  daemon harbor docker-registry serve "$home/config.yml"
  wait_for 20 answers || { log_tail harbor >&2; fail "the registry does not answer"; }
  mkdir -p "$home/client"
  cp "$home/ca.crt" "$home/client/"
  skopeo --insecure-policy copy --quiet --dest-cert-dir "$home/client" --dest-creds "$HARBOR_USER:$HARBOR_PASSWORD" \
    "oci-archive:$IMAGES/busybox.tar" "docker://$NODE_IP/devops/base:1" > /dev/null
}

case ${1:-} in
  up)
    take_lock
    daemon_pid harbor > /dev/null || up
    known
    lap "harbor is up: https://$NODE_IP, for the node and aliased pods $HARBOR_HOST" ;;
  down)
    take_lock
    stop_daemon harbor
    rm -rf "$home" "$TESTBED/certs.d/$HARBOR_HOST"
    lap "harbor is down" ;;
  *) sed -n '2,3s/^# //p' "$0" >&2; exit 2 ;;
esac
