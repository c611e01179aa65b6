#!/bin/bash
# from-debian.sh OUT.tar AGENT_BINARY [NAME:TAG]: makes the helper image from Debian 12's packages, without docker and without a registry.
# In it: git (without perl), git-lfs, bash, busybox for everything else, the CA certificates, and the agent under all its names.
# It runs as any user and with a read-only root. Root is not needed to make it.
# The folder of the lower layer is kept under ${POD_EXECUTOR_CACHE:-$HOME/.cache/pod-executor}/helper: a new agent takes a second.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
say() { printf 'helper image: %s\n' "$*"; }
fail() { printf 'from-debian.sh: %s\n' "$*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "$1") agent=$(realpath -m "$2") name=${3:-pex/helper:dev}
[ -x "$agent" ] || fail "not an executable: $agent"
cache=${POD_EXECUTOR_CACHE:-$HOME/.cache/pod-executor}/helper
mkdir -p "$cache" "$(dirname "$out")"
exec 8> "$cache/lock"
flock 8

# --- the base layer: made once per text of rootfs.sh
base=$cache/base-$(sha256sum < "$here/rootfs.sh" | cut -c1-12).tar.gz
if [ ! -e "$base" ]; then
  work=$(mktemp -d "$cache/tmp-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  log=$cache/base.log
  say "making the base layer from Debian's packages (log: $log)"
  mkdir -m 755 "$work/root"
  "$here/rootfs.sh" "$work/root" > "$log" 2>&1 8>&- || { tail -n 15 "$log" >&2; fail "the base layer failed: see $log"; }
  tar --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -C "$work/root" -c . | gzip -n -6 > "$work/base.tar.gz"
  rm -f "$cache"/base-*
  mv "$work/base.tar.gz" "$base"
fi

# --- the agent's layer
layer=$cache/agent.tar.gz
if [ "$(cat "$layer.of" 2> /dev/null)" != "$(sha256sum < "$agent")" ]; then
  stage=$(mktemp -d "$cache/tmp-XXXXXX")
  trap 'rm -rf "${work:-}" "$stage"' EXIT
  mkdir -p "$stage/usr/local/bin"
  chmod 755 "$stage"
  install -m 755 "$agent" "$stage/usr/local/bin/pod-agent"
  ln -s pod-agent "$stage/usr/local/bin/gitlab-runner"
  ln -s pod-agent "$stage/usr/local/bin/gitlab-runner-helper"
  rm -f "$layer".*
  tar --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -C "$stage" -c . | gzip -n -3 > "$layer.part"
  mv "$layer.part" "$layer"
  sha256sum < "$agent" > "$layer.of"
fi

labels='{"org.opencontainers.image.title":"pod-executor helper","org.opencontainers.image.licenses":"MIT"}'
IMAGE_ARCHITECTURE=$(dpkg --print-architecture) \
  "$here/../pack.sh" "$name" "$out" "{\"Cmd\":[\"/usr/local/bin/pod-agent\"],\"Labels\":$labels}" "$base" "$layer"
say "$name is $out, $(( ($(stat -c %s "$base") + $(stat -c %s "$layer")) / 1000000 )) MB compressed"
