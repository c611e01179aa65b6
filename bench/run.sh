#!/bin/bash
# bench/run.sh [TOPIC…]: runs the benchmarks (driver, cache, build, start, stage, burst, log; all of them if none is named) and prints one line per figure.
# Debian 12 with the .NET SDK, as root. Uses the test cluster if it is up; else brings it up, and down again afterwards.
# Figures go to stdout, everything else to stderr.
#
#   POD_EXECUTOR_BINARY, POD_AGENT_BINARY   binaries to measure; both or none (none: built from this working copy)
#   BENCH_SAMPLES                           samples of each side (default: what the topic thinks right)
set -uo pipefail
cd "$(dirname "$(realpath "$0")")/.."
root=$PWD testbed=$PWD/tests/testbed ours=no builders=no s3=no
LOGS=$root/artifacts/bench
. "$testbed/env.sh"
. "$testbed/steps.sh"
exec 3>&1 1>&2   # steps talk on stderr; 3 is for the figures

finish() {
  local code=$?
  trap - EXIT INT TERM
  [ $ours = no ] || step "Test cluster down" "$testbed/down.sh" || code=1
  [ $s3 = no ] || step "S3 server down" "$testbed/s3.sh" down || code=1
  [ $builders = no ] || step "BuildKit down" "$testbed/buildkit.sh" down 0.25 || code=1
  exit $code
}
trap finish EXIT
# The benchmarks get the signal too and delete their pods first: bash runs this when they have ended.
trap 'exit 130' INT TERM

must() { "$@" || exit 1; }

must shown_step "Debian packages" "$testbed/install.sh"
must step "Build" dotnet build bench/Bench.csproj -c Release -nodeReuse:false -p:UseSharedCompilation=false
if [ -z "${POD_EXECUTOR_BINARY:-}" ] || [ -z "${POD_AGENT_BINARY:-}" ]; then
  must step "Native binaries" "$testbed/publish.sh"
  POD_EXECUTOR_BINARY=$root/artifacts/publish/Driver/release_linux-x64/pod-executor
  POD_AGENT_BINARY=$root/artifacts/publish/Agent/release_linux-x64/pod-agent
fi
export POD_EXECUTOR_BINARY POD_AGENT_BINARY

topics=${*:-all}
needs_cluster() { local topic; for topic in $topics; do case $topic in cache | build) ;; *) return 0 ;; esac; done; return 1; }
wants_s3() { [[ " $topics " = *" start "* || $topics = all ]]; }
wants_builds() { [[ " $topics " = *" build "* || $topics = all ]]; }

if wants_builds; then
  must step "Native builder" "$testbed/publish.sh" bench/Builder bench-builder
  "$testbed/buildkit.sh" status > /dev/null || builders=yes
  must shown_step "BuildKit" "$testbed/buildkit.sh" up
  export POD_EXECUTOR_BENCH_BUILDER=$root/artifacts/publish/Builder/release_linux-x64/bench-builder POD_EXECUTOR_BUILDKIT_PORT=15125
  POD_EXECUTOR_BUILDX=$("$testbed/buildkit.sh" buildx) || exit 1
  export POD_EXECUTOR_BUILDX
fi

if needs_cluster; then
  must shown_step "Kubernetes" "$testbed/build-kubernetes.sh"
  must shown_step "Test images" "$testbed/images.sh" pause debian
  if "$testbed/status.sh" > /dev/null 2>&1; then
    must step "Image into the cluster" "$testbed/load-image.sh" "$IMAGES/debian.tar"
  else
    ours=yes
    must shown_step "Test cluster" "$testbed/up.sh"
  fi
  must shown_step "Helper image" "$testbed/helper-image.sh" "$POD_AGENT_BINARY"
  export POD_EXECUTOR_AUDIT_LOG=$AUDIT_LOG POD_EXECUTOR_HELPER_IMAGE=docker.io/pex/helper:dev POD_EXECUTOR_NODE_ADDRESS=$NODE_IP
fi

if wants_s3; then
  "$testbed/s3.sh" status > /dev/null 2>&1 || s3=ours
  must shown_step "S3 server" "$testbed/s3.sh" up
  must step "Bucket" "$testbed/s3.sh" bucket bench
  export POD_EXECUTOR_S3_SERVER=$NODE_IP:$S3_PORT POD_EXECUTOR_S3_BUCKET=bench
  export POD_EXECUTOR_S3_ACCESS_KEY=$S3_ACCESS_KEY POD_EXECUTOR_S3_SECRET_KEY=$S3_SECRET_KEY
fi

printf '%s==> Benchmarks%s\n' "$STEP_BOLD" "$STEP_PLAIN"
"$root/artifacts/bin/Bench/release/PodExecutor.Bench" "$@" >&3
