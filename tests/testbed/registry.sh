#!/bin/bash
# registry.sh up|down|forget: two local registries, with pex/busybox:1 in both under other names.
#   127.0.0.1:15000  anyone may pull: in pods every registry's name leads here, so team/public:1 is any.host/team/public:1
#   127.0.0.1:15001  asks for the login ci / registry-password: in pods private.registry.test/team/private:1
# "forget" removes what was pulled from them from the cluster's containerd, so that the next pull is a real one.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root

# serve NAME PORT [AUTH]: its settings and the daemon; never Debian's own settings, which listen everywhere
serve() {
  local name=$1 port=$2 home=$TESTBED/$1
  ! daemon_pid "$name" > /dev/null || return 0
  ! port_taken "$port" || fail "port $port is taken: $(ss -ltnpH "sport = :$port" | awk '{print $4, $6}')"
  mkdir -p "$home/data"
  cat > "$home/config.yml" <<Y
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $home/data}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"}
${3:-}
Y
  daemon "$name" docker-registry serve "$home/config.yml"
}

answers() { curl -s --max-time 2 -o /dev/null "http://127.0.0.1:$1/v2/"; }

# push PORT NAME SKOPEO-FLAG…
push() {
  local image=docker://127.0.0.1:$1/$2
  shift 2
  skopeo --insecure-policy copy --quiet --dest-tls-verify=false "$@" "oci-archive:$IMAGES/busybox.tar" "$image" > /dev/null
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
  push "$REGISTRY_PORT" team/public:1
  push "$PRIVATE_REGISTRY_PORT" team/private:1 --dest-creds "$REGISTRY_USER:$REGISTRY_PASSWORD"
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
    if daemon_pid registry > /dev/null && daemon_pid registry-private > /dev/null; then echo "the registries are up already"; exit 0; fi
    up
    lap "the registries are up: 127.0.0.1:$REGISTRY_PORT and, with a login, 127.0.0.1:$PRIVATE_REGISTRY_PORT" ;;
  forget) forget ;;
  down)
    take_lock
    stop_daemon registry
    stop_daemon registry-private
    rm -rf "$TESTBED"/registry{,-private}
    lap "the registries are down" ;;
  *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
esac
