#!/bin/bash
# standins.sh DRIVER_BINARY: puts images into the cluster that stand in for what deploy/kubernetes and the users' pipeline take from
# registries, under those very names. Made from Debian's packages; the heads of sources/standins/* say what each really does.
#   harbor.local.com/cicd/pod-executor-runner:0.1.0   pod-executor and runner-manager are the product's, gitlab-runner is a stand-in
#   harbor.local.com/cicd/buildkit:v0.25.2            BuildKit 0.25 inside Debian's Docker daemon, behind a TLS listener
#   minio/minio, minio/mc                             MinIO's address before the testbed's S3 server
#   harbor.local.com/cicd/maven:3.9.3                 mvn, with a C compiler
#   harbor.local.com/cicd/gitlab-runner-agent:v1.0    kubectl
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
[ $# = 1 ] && [ -x "$1" ] || { sed -n '2,8s/^# //p' "$0" >&2; exit 2; }
driver=$(realpath "$1")
[ -x "$BUILDKIT_HOME/0.25/root/usr/sbin/dockerd" ] || ./buildkit.sh unpack
./images.sh --standins

# the manager: as deploy/images/runner/Dockerfile makes it, on a stand-in for its base
layer=$IMAGES/layers/driver.tar.gz
if [ "$(cat "$layer.of" 2> /dev/null)" != "$(sha256sum < "$driver")" ]; then
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  chmod 755 "$stage"
  install -D -m 755 "$driver" "$stage/usr/local/bin/pod-executor"
  rm -f "$layer".*
  tar --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -C "$stage" -c . | gzip -n -1 > "$layer.part"
  mv "$layer.part" "$layer"
  sha256sum < "$driver" > "$layer.of"
fi
../../deploy/images/pack.sh harbor.local.com/cicd/pod-executor-runner:0.1.0 "$IMAGES/standin-runner.tar" \
  '{"User":"999:999","StopSignal":"SIGQUIT","Entrypoint":["/usr/bin/dumb-init","--","/usr/local/bin/runner-manager"]}' \
  "$(echo "$IMAGES"/layers/debian-*.tar)" "$(cat "$IMAGES/standin-manager.layer")" "$layer"
./load-image.sh "$IMAGES"/standin-{runner,buildkit,minio,mc,maven,agent}.tar
lap "the stand-ins are in the cluster"
