#!/bin/bash
# Stands in for buildkitd: the BuildKit inside Debian's Docker daemon, behind the listener that buildkitd.toml's [grpc.tls] asks for
# (haproxy). No Debian suite has buildkitd by itself. Of the configuration it reads the TLS files and the registries' CAs.
set -euo pipefail
[ "$1" = --config ] || { echo "stand-in: unexpected arguments: $*" >&2; exit 2; }
setting() { sed -n "s/^ *$1 = \"\(.*\)\"$/\1/p" "$2" | head -n 1; }
mkdir -p /run/buildkit /run/standin
cat "$(setting cert "$2")" "$(setting key "$2")" > /run/standin/listener.pem
cat > /run/standin/haproxy.cfg <<H
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen buildkit
  bind *:1234 ssl crt /run/standin/listener.pem ca-file $(setting ca "$2") verify required alpn h2
  server bridge 127.0.0.1:1235
H
cat > /run/standin/daemon.json <<J
{"features": {"containerd-snapshotter": true}, "storage-driver": "overlayfs", "userland-proxy": false}
J
# a container that was started again finds the network of its pod as it left it
ip link del standin0 2> /dev/null || true
ip link add standin0 type bridge
ip addr add 172.29.79.1/24 dev standin0
ip link set standin0 up
dockerd --config-file /run/standin/daemon.json --data-root /var/lib/buildkit/docker --exec-root /run/docker --pidfile /run/standin/dockerd.pid \
  --host unix:///run/docker.sock --bridge=standin0 --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false &
perl /usr/local/lib/grpc-bridge.pl /run/docker.sock 127.0.0.1:1235 &
haproxy -db -f /run/standin/haproxy.cfg &
# as the container's first process: with it all others end, and nothing of them is needed
trap 'exit 0' TERM
wait -n
exit 1
