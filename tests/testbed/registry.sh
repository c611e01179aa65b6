#!/bin/bash
# registry.sh up|down|forget: local registries, with pex/busybox:1 in the first two under other names.
#   127.0.0.1:15000  anyone may pull: in pods every registry's name leads here, so team/public:1 is any.host/team/public:1
#   127.0.0.1:15001  asks for the login ci / registry-password: in pods private.registry.test/team/private:1
#   127.0.0.1:15002  the same login over TLS; the authority is $TESTBED/registry-tls/ca.crt
#   127.0.0.1:15003  the same login, by bearer tokens of http://127.0.0.1:15004/token (its log: $TESTBED/log/token-server.log)
# "forget" removes what was pulled from them from the cluster's containerd, so that the next pull is a real one.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
names=(registry registry-private registry-tls registry-token token-server)

# serve NAME PORT [AUTH] [HTTP-SETTINGS]: its settings and the daemon; never Debian's own settings, which listen everywhere
serve() {
  local name=$1 port=$2 home=$TESTBED/$1
  ! daemon_pid "$name" > /dev/null || return 0
  ! port_taken "$port" || fail "port $port is taken: $(ss -ltnpH "sport = :$port" | awk '{print $4, $6}')"
  mkdir -p "$home/data"
  cat > "$home/config.yml" <<Y
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $home/data}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"${4:-}}
${3:-}
Y
  daemon "$name" docker-registry serve "$home/config.yml"
}

answers() { curl -s --max-time 2 -k -o /dev/null "${2:-http}://127.0.0.1:$1/v2/"; }

# certificates HOME: an authority and a certificate that it signed, as files of HOME
certificates() {
  local home=$1
  [ ! -e "$home/server.crt" ] || return 0
  mkdir -p "$home"
  (
    cd "$home"
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=testbed ${home##*/} CA" -keyout ca.key -out ca.crt
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$TLS_REGISTRY_HOST" -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out server.crt \
      -extfile <(echo "subjectAltName=DNS:$TLS_REGISTRY_HOST,DNS:localhost,IP:127.0.0.1,IP:$NODE_IP")
  ) > "$TESTBED/log/certificates.log" 2>&1 || fail "openssl failed: see $TESTBED/log/certificates.log"
}

# the kinds that image builds meet: TLS with a login, and tokens
up_for_builds() {
  local login="auth: {htpasswd: {realm: testbed, path: $TESTBED/registry-private/htpasswd}}" tls=$TESTBED/registry-tls token=$TESTBED/registry-token
  certificates "$tls"
  serve registry-tls "$TLS_REGISTRY_PORT" "$login" ", tls: {certificate: $tls/server.crt, key: $tls/server.key}"
  certificates "$token"
  serve registry-token "$TOKEN_REGISTRY_PORT" \
    "auth: {token: {realm: \"http://127.0.0.1:$TOKEN_SERVER_PORT/token\", service: registry, issuer: testbed, rootcertbundle: $token/ca.crt}}"
  daemon_pid token-server > /dev/null || daemon token-server perl "$PWD/token-server.pl" "127.0.0.1:$TOKEN_SERVER_PORT" "$token/ca.key" "$token/ca.crt" \
    testbed registry "$REGISTRY_USER" "$REGISTRY_PASSWORD"
  wait_for 10 answers "$TLS_REGISTRY_PORT" https || { log_tail registry-tls >&2; fail "the registry with TLS does not answer"; }
  wait_for 10 answers "$TOKEN_REGISTRY_PORT" || { log_tail registry-token >&2; fail "the registry with tokens does not answer"; }
  wait_for 10 answers "$TOKEN_SERVER_PORT" || { log_tail token-server >&2; fail "the token server does not answer"; }
}

# push PORT NAME ARCHIVE SKOPEO-FLAG…
push() {
  local image=docker://127.0.0.1:$1/$2 archive=$IMAGES/$3.tar
  shift 3
  skopeo --insecure-policy copy --quiet --dest-tls-verify=false "$@" "oci-archive:$archive" "$image" > /dev/null
}

up() {
  [ -f "$IMAGES/busybox.tar" ] || fail "the images are not made: run $PWD/images.sh"
  mkdir -p "$TESTBED/registry-private"
  # bcrypt, without apache's tools
  perl -e 'my @c = ("a".."z", "A".."Z", 0..9); print "$ARGV[0]:", crypt($ARGV[1], "\$2y\$05\$" . join("", map { $c[rand @c] } 1..21) . "u"), "\n"' \
    "$REGISTRY_USER" "$REGISTRY_PASSWORD" > "$TESTBED/registry-private/htpasswd"
  serve registry "$REGISTRY_PORT"
  serve registry-private "$PRIVATE_REGISTRY_PORT" "auth: {htpasswd: {realm: testbed, path: $TESTBED/registry-private/htpasswd}}"
  wait_for 10 answers "$REGISTRY_PORT" || { log_tail registry >&2; fail "the registry does not answer"; }
  wait_for 10 answers "$PRIVATE_REGISTRY_PORT" || { log_tail registry-private >&2; fail "the registry with a login does not answer"; }
  up_for_builds
  push "$REGISTRY_PORT" team/public:1 busybox
  [ ! -e "$IMAGES/debian.tar" ] || push "$REGISTRY_PORT" team/debian:12 debian
  push "$PRIVATE_REGISTRY_PORT" team/private:1 busybox --dest-creds "$REGISTRY_USER:$REGISTRY_PASSWORD"
}

forget() {
  local pulled
  pulled=$(containers images ls -q | grep -vE '^(docker\.io/(pex|minio)/|harbor\.local\.com/cicd/|sha256:)') || return 0
  # shellcheck disable=SC2086
  containers images rm --sync $pulled > /dev/null
}

case ${1:-} in
  up)
    take_lock
    up_already=yes
    for name in "${names[@]}"; do daemon_pid "$name" > /dev/null || up_already=no; done
    if [ $up_already = yes ]; then echo "the registries are up already"; exit 0; fi
    up
    lap "the registries are up: 127.0.0.1:$REGISTRY_PORT and, with a login, 127.0.0.1:$PRIVATE_REGISTRY_PORT" ;;
  forget) forget ;;
  down)
    take_lock
    for name in "${names[@]}"; do stop_daemon "$name"; done
    rm -rf "$TESTBED"/registry{,-private,-tls,-token}
    lap "the registries are down" ;;
  *) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
esac
