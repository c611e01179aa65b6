#!/bin/bash
# publish.sh [PROJECT BINARY]: publishes both native binaries, or that of another project, each only when a source is newer than the last publish:
#   artifacts/publish/Driver/release_linux-x64/pod-executor
#   artifacts/publish/Agent/release_linux-x64/pod-agent
# publish.sh arm64: both for arm64, likewise, and in $CACHE/qemu an emulator that runs them; four to five minutes
#   artifacts/publish/Driver/release_linux-arm64/pod-executor
#   artifacts/publish/Agent/release_linux-arm64/pod-agent
set -euo pipefail
cd "$(dirname "$0")/../.."

# publish PROJECT BINARY [ARCHITECTURE]: takes one to two minutes
publish() {
  local folder=artifacts/publish/${1##*/}/release_linux-${3:-x64}
  if [ -x "$folder/$2" ] && [ -e "$folder/.published" ] && [ -z "$(sources -newer "$folder/.published" -print -quit)" ]; then
    echo "$folder/$2 is newer than its sources"
    within_budget "$folder/$2"
    return
  fi
  local begin; begin=$(mktemp)   # what is edited meanwhile is newer than this
  if [ "${3:-x64}" = arm64 ]; then
    PROJECTS=${1##*/} deploy/images/publish.sh arm64
  else
    dotnet publish "$1" -c Release -nodeReuse:false -p:UseSharedCompilation=false
  fi
  mv "$begin" "$folder/.published"
  within_budget "$folder/$2"
}

# Every job's pod copies the agent: it does not grow unseen (docs/adr/0032-size-of-the-agent.md).
within_budget() {
  local most=26400000 size; size=$(stat -c %s "$1")
  if [ "${1##*/}" = pod-agent ] && [ "$size" -gt $most ]; then
    echo "$1 has $size bytes, $most are allowed: see what has come in (size -A, and nm --size-sort of the .dbg file), or raise the limit and say why in docs/adr/0032" >&2
    return 1
  fi
}

sources() {
  find executor protos ${project:+"$project"} Directory.Build.props Directory.Packages.props global.json .editorconfig \( -name bin -o -name obj \) -prune -o -type f "$@"
}

project=${1:-}
if [ "$project" = arm64 ]; then
  project=''
  . tests/testbed/env.sh
  . tests/testbed/lib.sh
  unpack_package bookworm qemu-user-static "$CACHE/qemu" usr/bin/qemu-aarch64-static
  publish executor/Driver pod-executor arm64
  publish executor/Agent pod-agent arm64
elif [ -n "$project" ]; then
  publish "$project" "$2"
else
  publish executor/Driver pod-executor
  publish executor/Agent pod-agent
fi
