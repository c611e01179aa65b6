#!/bin/bash
# buildkit.sh up|down|status|unpack [VERSION], buildkit.sh buildx: real BuildKit daemons of several ages, each inside a Docker daemon of its own.
#   0.25  Docker 28.5 of Debian sid       (the default)   127.0.0.1:15125
#   0.13  Docker 26.1 of Debian 13                        127.0.0.1:15113
#   0.8   Docker 20.10 of Debian 12                       127.0.0.1:15108, without an image store: exports local and tar only
# Each: $BUILDKIT_RUN/VERSION/docker.sock (Docker's API; BuildKit is behind POST /grpc), the port above (plain HTTP/2, for clients that
# know nothing of Docker), and that port + 100 with mutual TLS (keys in $BUILDKIT_HOME/pki). "down" without a version ends all.
# They know the registry with TLS if registry.sh is up before. "buildx" unpacks Debian's docker-buildx, to compare with.
# Nothing is installed: packages are unpacked, and a bridge without any iptables rule is made.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
registries=$TESTBED
TESTBED=$BUILDKIT_HOME   # own pid files, logs and lock: the cluster's scripts never meet these
here=$PWD

suite_of() {
  case $1 in
    0.25) echo sid ;;
    0.13) echo trixie ;;
    0.8) echo bookworm ;;
    *) fail "no such version: $1; there are 0.25, 0.13 and 0.8" ;;
  esac
}

port_of() { case $1 in 0.25) echo 15125 ;; 0.13) echo 15113 ;; 0.8) echo 15108 ;; esac; }

# pki: an authority, the listener's certificate and a client's
pki() {
  local pki=$BUILDKIT_HOME/pki
  [ ! -e "$pki/listener.pem" ] || return 0
  mkdir -p "$pki"
  (
    cd "$pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=buildkit testbed CA' -keyout ca.key -out ca.crt
    sign listener "subjectAltName=DNS:localhost,DNS:buildkit.test,IP:127.0.0.1,IP:$NODE_IP"
    sign client 'extendedKeyUsage=clientAuth'
    cat listener.crt listener.key > listener.pem
  ) >> "$BUILDKIT_HOME/log/pki.log" 2>&1 || fail "openssl failed: see $BUILDKIT_HOME/log/pki.log"
}

sign() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile <(echo "$2") -out "$1.crt"
  rm "$1.csr"
}

bridge_up() {
  ip link show "$BUILDKIT_BRIDGE" > /dev/null 2>&1 || ip link add "$BUILDKIT_BRIDGE" type bridge
  ip addr replace "$BUILDKIT_BRIDGE_IP/24" dev "$BUILDKIT_BRIDGE"
  ip link set "$BUILDKIT_BRIDGE" up
}

up() {
  local version=$1 home=$BUILDKIT_HOME/$1 run=$BUILDKIT_RUN/$1 port suite features=''
  port=$(port_of "$version")
  if daemon_pid "dockerd-$version" > /dev/null && daemon_pid "tls-$version" > /dev/null; then echo "BuildKit $version is up already"; return; fi
  down_one "$version"
  suite=$(suite_of "$version")
  unpack_package "$suite" docker.io "$home/root" usr/sbin/dockerd
  pki
  bridge_up
  mkdir -p "$home/data" "$run"
  # the containerd image store is what makes image, oci and docker exports and cache exports possible; 20.10 has none
  [ "$version" = 0.8 ] || features='"features": {"containerd-snapshotter": true}, "storage-driver": "overlayfs",'
  # 20.10 asks a containerd for the v1 runtimes too; overlay2 needs no setting
  cat > "$home/daemon.json" <<J
{$features "userland-proxy": false, "builder": {"Entitlements": {"network-host": true}}}
J
  [ "$version" != 0.8 ] || echo '{"userland-proxy": false}' > "$home/daemon.json"
  : > "$BUILDKIT_HOME/log/dockerd-$version.log"
  # An /etc of its own, over the machine's: the registry with TLS has a name there, and an authority that Docker trusts for it.
  rm -rf "$home/etc" && mkdir -p "$home/etc/docker/certs.d/$TLS_REGISTRY_HOST:$TLS_REGISTRY_PORT" "$home"/etc-{written,work}
  # harbor.local.com: where the pipelines of the project's first users push to; a test plays it.
  printf '127.0.0.1 %s\n%s harbor.local.com\n' "$TLS_REGISTRY_HOST" "$HARBOR_IP" | cat /etc/hosts - > "$home/etc/hosts"
  ! [ -e "$registries/registry-tls/ca.crt" ] || cp "$registries/registry-tls/ca.crt" "$home/etc/docker/certs.d/$TLS_REGISTRY_HOST:$TLS_REGISTRY_PORT/"
  daemon "dockerd-$version" unshare --mount --propagation private bash -c \
    'mount -t overlay -o "lowerdir=$0/etc:/etc,upperdir=$0/etc-written,workdir=$0/etc-work" overlay /etc && exec "$@"' "$home" "$home/root/usr/sbin/dockerd" --config-file "$home/daemon.json" --data-root "$home/data" --exec-root "$run/exec" \
    --pidfile "$run/dockerd.pid" --host "unix://$run/docker.sock" --bridge="$BUILDKIT_BRIDGE" \
    --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
  wait_for 60 grep -q 'API listen' "$BUILDKIT_HOME/log/dockerd-$version.log" || { log_tail "dockerd-$version" >&2; fail "dockerd of BuildKit $version does not start"; }
  daemon "bridge-$version" perl "$here/grpc-bridge.pl" "$run/docker.sock" "127.0.0.1:$port"
  cat > "$home/haproxy.cfg" <<H
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen buildkit
  bind 127.0.0.1:$(( port + 100 )) ssl crt $BUILDKIT_HOME/pki/listener.pem ca-file $BUILDKIT_HOME/pki/ca.crt verify required alpn h2
  server bridge 127.0.0.1:$port
H
  daemon "tls-$version" haproxy -db -f "$home/haproxy.cfg"
  wait_for 10 listens "$port" || { log_tail "bridge-$version" >&2; fail "nothing listens on port $port"; }
  wait_for 10 listens $(( port + 100 )) || { log_tail "tls-$version" >&2; fail "nothing listens on port $(( port + 100 ))"; }
  lap "BuildKit $version is up: $run/docker.sock, tcp://127.0.0.1:$port, with TLS tcp://127.0.0.1:$(( port + 100 ))"
}

listens() { [ -n "$(ss -ltnH "sport = :$1")" ]; }

down_one() {
  local version=$1 home=$BUILDKIT_HOME/$1 run=$BUILDKIT_RUN/$1 cmdline pid
  stop_daemon "tls-$version"
  stop_daemon "bridge-$version"
  if pid=$(daemon_pid "dockerd-$version"); then
    kill -TERM "$pid"
    wait_for 20 daemon_gone "dockerd-$version" || true
  fi
  stop_daemon "dockerd-$version" KILL
  # a killed dockerd leaves its containerd and the shims behind
  for cmdline in /proc/[0-9]*/cmdline; do
    case $(tr '\0' ' ' 2> /dev/null < "$cmdline") in
      *containerd*"$run/exec"*|perl*" $run/docker.sock "*) pid=${cmdline#/proc/}; kill -KILL "${pid%/cmdline}" 2> /dev/null || true ;;
    esac
  done
  awk -v home="$home/" -v run="$run/" 'index($2, home) == 1 || index($2, run) == 1 {print $2}' /proc/self/mounts | sort -r \
    | while read -r mount; do umount -l "$(printf '%b' "$mount")"; done
  rm -rf "$home/data" "$run"
}

down() {
  local version
  for version in "$@"; do down_one "$version"; done
  for version in 0.25 0.13 0.8; do ! daemon_pid "dockerd-$version" > /dev/null || return 0; done
  ip link del "$BUILDKIT_BRIDGE" 2> /dev/null || true
  rmdir "$BUILDKIT_RUN" 2> /dev/null || true
}

mkdir -p "$BUILDKIT_HOME/log"
case ${1:-} in
  up) suite_of "${2:-0.25}" > /dev/null; take_lock; up "${2:-0.25}" ;;
  down)
    take_lock
    if [ -n "${2:-}" ]; then suite_of "$2" > /dev/null; down "$2"; else down 0.25 0.13 0.8; fi
    lap "BuildKit ${2:-} is down" ;;
  status)
    daemon_pid "dockerd-${2:-0.25}" > /dev/null && daemon_pid "tls-${2:-0.25}" > /dev/null || { echo "BuildKit ${2:-0.25} is down"; exit 1; }
    echo "BuildKit ${2:-0.25} is up" ;;
  unpack) suite_of "${2:-0.25}" > /dev/null; take_lock; unpack_package "$(suite_of "${2:-0.25}")" docker.io "$BUILDKIT_HOME/${2:-0.25}/root" usr/sbin/dockerd ;;
  buildx) take_lock; unpack_package sid docker-buildx "$BUILDKIT_HOME/buildx" usr/libexec/docker/cli-plugins/docker-buildx; echo "$BUILDKIT_HOME/buildx/usr/libexec/docker/cli-plugins/docker-buildx" ;;
  *) sed -n '2,9s/^# //p' "$0" >&2; exit 2 ;;
esac
