#!/bin/bash
# Stands in for `buildctl debug workers`, which the probes call: whether the daemon answers and the TLS listener is there.
set -euo pipefail
[ "$*" = 'debug workers' ] || { echo "stand-in: only 'debug workers' is there" >&2; exit 2; }
curl -sf --max-time 5 --unix-socket /run/docker.sock http://docker/_ping
: < /dev/tcp/127.0.0.1/1234
