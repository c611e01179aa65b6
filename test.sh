#!/bin/bash
# test.sh [FILTER]: builds everything, then runs the unit, contract, BuildKit and cluster tests; with FILTER only those whose full name contains it
# (upper and lower case are the same), or those of the project that it names: unit, contract, buildkitclient, images, cluster.
# Debian 12 with the .NET SDK, as root. Brings the real test cluster up for the cluster tests, and down again unless it was up before.
# Where only unit tests match, only these are built, and neither root nor packages, native binaries or a cluster are needed:
#   ./test.sh Core   the deterministic tests of link, supervisor, watch and retry (namespace PodExecutor.Tests.Unit.Core…), in seconds
# The last line is "N passed, N failed"; a skipped test counts as failed. Exits 0 only if tests ran and all passed.
#
# The tests find in their environment:
#   POD_EXECUTOR_BINARY, POD_AGENT_BINARY   the published native binaries
#   POD_EXECUTOR_TESTBED                    the folder of apiserver.sh and the other scripts  (cluster tests, from here on)
#   POD_EXECUTOR_AUDIT_LOG                  one JSON line per API request
#   POD_EXECUTOR_HELPER_IMAGE, KUBECONFIG
#   POD_EXECUTOR_S3_SERVER, POD_EXECUTOR_S3_TLS_SERVER, POD_EXECUTOR_S3_AUTHORITY, POD_EXECUTOR_S3_ACCESS_KEY, POD_EXECUTOR_S3_SECRET_KEY
set -uo pipefail
cd "$(dirname "$(realpath "$0")")"
root=$PWD filter=${1:-} testbed=$PWD/tests/testbed
LOGS=$root/artifacts/test
passed=0 failed=0 ours=no registries=no s3=no builders=()
. "$testbed/env.sh"
. "$testbed/steps.sh"
rm -rf "$LOGS"
mkdir -p "$LOGS"

finish() {
  trap - EXIT INT TERM
  for version in "${builders[@]}"; do step "BuildKit $version down" "$testbed/buildkit.sh" down "$version" || failed=$(( failed + 1 )); done
  [ $ours = no ] || step "Test cluster down" "$testbed/down.sh" || failed=$(( failed + 1 ))
  [ $s3 = no ] || step "S3 server down" "$testbed/s3.sh" down || failed=$(( failed + 1 ))
  [ $registries = no ] || step "Registries down" "$testbed/registry.sh" down || failed=$(( failed + 1 ))
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ $failed = 0 ] && [ $passed -gt 0 ]
  exit
}
trap finish EXIT
trap 'failed=$(( failed + 1 )); finish' INT TERM

# a step that nothing can go on without counts as a failed test
must() { "$@" || { failed=$(( failed + 1 )); finish; }; }

# names FOLDER: the full names of the test methods in a project's sources, to know what to build
names() {
  find "$root/tests/$1" -name '*.cs' -print0 | xargs -0 awk '
    FNR == 1 { namespace = class = "" }
    /^namespace / { namespace = $2; sub(/;.*/, "", namespace) }
    match($0, /public [a-z ]*class [A-Za-z0-9_]+/) { class = substr($0, RSTART, RLENGTH); sub(/.* /, "", class) }
    class != "" && match($0, /public (async )?(Task|ValueTask|void) [A-Za-z0-9_]+\(/) {
      method = substr($0, RSTART, RLENGTH - 1); sub(/.* /, "", method); print namespace "." class "." method
    }'
}

# needs_more: whether a test of any project but Unit has FILTER in its name
needs_more() {
  local folder
  [ -z "$only" ] || { [ "$only" != Unit ]; return; }
  for folder in Contract BuildKit Images Cluster; do names $folder | grep -iF -- "$filter" > /dev/null && return; done
  return 1
}

program() { echo "$root/artifacts/bin/$1/release/PodExecutor.Tests.$1"; }

# matching PROJECT: how many of its test methods have FILTER in their name
matching() {
  [ -z "$only" ] || [ "$only" = "$1" ] || { echo 0; return; }
  local methods
  methods=$("$(program "$1")" -list methods -noLogo -noColor ${filter:+-method "*$filter*"} 2> /dev/null) || { echo 1; return; }
  grep -c . <<< "$methods" || true
}

# number KEY FILE: the first number under this key
number() { grep -oE "\"$1\" *: *[0-9]+" "$2" 2> /dev/null | head -n 1 | grep -oE '[0-9]+$'; }

# summary REPORT: "PASSED OTHERS". In a test's message these quotes are escaped.
summary() {
  local passed tests
  passed=$(number passed "$1") && tests=$(number tests "$1") && echo "$passed $(( tests - passed ))" || echo '0 1'
}

# run PROJECT: its tests, shown as they run; adds its results to the sum
run() {
  local report=$LOGS/$1.ctrf.json counts code
  printf '%s==> %s tests%s\n' "$STEP_BOLD" "$1" "$STEP_PLAIN"
  "$(program "$1")" -noColor -noLogo -longRunning 60 -result-ctrf "$report" ${filter:+-method "*$filter*"} 2>&1 | tee "$LOGS/$1.log" | sed -u 's/^/    /'
  code=${PIPESTATUS[0]}
  # The report is only there when the run came to its end.
  counts=$(summary "$report")
  passed=$(( passed + ${counts% *} ))
  failed=$(( failed + ${counts#* } ))
  # a fixture's failure is in no test's result
  if [ "$code" != 0 ] && [ "${counts#* }" = 0 ]; then failed=$(( failed + 1 )); fi
}

only=''
for project in Unit Contract BuildKitClient Images Cluster; do
  if [ "${filter,,}" = "${project,,}" ]; then only=$project filter=''; fi
done
if ! needs_more; then
  must step "Build of the unit tests" dotnet build tests/Unit -c Release -nodeReuse:false -p:UseSharedCompilation=false
  run Unit
  finish
fi

must shown_step "Debian packages" "$testbed/install.sh"
must step "Build" dotnet build Executor.sln -c Release -nodeReuse:false -p:UseSharedCompilation=false
must step "Format" dotnet format whitespace Executor.sln --no-restore --verify-no-changes
must step "Native binaries" "$testbed/publish.sh"
export POD_EXECUTOR_BINARY=$root/artifacts/publish/Driver/release_linux-x64/pod-executor
export POD_AGENT_BINARY=$root/artifacts/publish/Agent/release_linux-x64/pod-agent

for project in Unit Contract; do
  [ "$(matching $project)" = 0 ] || run $project
done

if [ "$(matching BuildKitClient)" != 0 ] || [ "$(matching Images)" != 0 ] || [ "$(matching Cluster)" != 0 ]; then
  must shown_step "Images to build on" "$testbed/images.sh" busybox debian
  curl -s --max-time 2 -o /dev/null "http://127.0.0.1:$REGISTRY_PORT/v2/" || registries=yes
  # before the daemons: they trust the one with TLS by its authority
  must shown_step "Registries" "$testbed/registry.sh" up
  for version in 0.25 0.13 0.8; do
    "$testbed/buildkit.sh" status $version > /dev/null || builders+=("$version")
    must shown_step "BuildKit $version" "$testbed/buildkit.sh" up $version
  done
  must shown_step "Docker's buildx, to compare with" "$testbed/buildkit.sh" buildx
  [ "$(matching Images)" = 0 ] || must step "Native binaries for arm64, and an emulator" "$testbed/publish.sh" arm64
  for project in BuildKitClient Images; do
    [ "$(matching $project)" = 0 ] || run $project
  done
fi

if [ "$(matching Cluster)" != 0 ]; then
  must shown_step "Kubernetes" "$testbed/build-kubernetes.sh"
  must shown_step "Test images" "$testbed/images.sh"
  "$testbed/status.sh" > /dev/null 2>&1 || ours=yes
  must shown_step "Test cluster" "$testbed/up.sh"
  must shown_step "Registries" "$testbed/registry.sh" up
  "$testbed/s3.sh" status || s3=ours
  must shown_step "S3 server" "$testbed/s3.sh" up
  must shown_step "Helper image" "$testbed/helper-image.sh" "$POD_AGENT_BINARY"
  export POD_EXECUTOR_S3_SERVER=$NODE_IP:$S3_PORT POD_EXECUTOR_S3_TLS_SERVER=$NODE_IP:$S3_TLS_PORT POD_EXECUTOR_S3_AUTHORITY=$S3_AUTHORITY
  export POD_EXECUTOR_S3_ACCESS_KEY=$S3_ACCESS_KEY POD_EXECUTOR_S3_SECRET_KEY=$S3_SECRET_KEY
  export POD_EXECUTOR_TESTBED=$testbed POD_EXECUTOR_AUDIT_LOG=$AUDIT_LOG POD_EXECUTOR_HELPER_IMAGE=docker.io/pex/helper:dev
  run Cluster
fi
finish
