#!/bin/bash
# Stands in for `minio server`: MinIO's health addresses, and before everything else the testbed's real S3 server (s3.sh), which checks
# signatures. Whoever talks to it talks S3 with a real server under MinIO's address; what MinIO keeps and how is not shown.
set -euo pipefail
: "${MINIO_ROOT_USER:?}" "${MINIO_ROOT_PASSWORD:?}"
[ "$1 $3" = 'server --address' ] || { echo "stand-in: unexpected arguments: $*" >&2; exit 2; }
touch "$2/.writable"
cat > /tmp/haproxy.cfg <<H
defaults
  mode http
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend s3
  bind ${4/#:/*:}
  http-request return status 200 if { path_beg /minio/health/ } { nbsrv(backend) gt 0 }
  http-request return status 503 if { path_beg /minio/health/ }
  default_backend backend
backend backend
  server s3 ${STANDIN_S3:?} check
H
exec haproxy -db -f /tmp/haproxy.cfg
