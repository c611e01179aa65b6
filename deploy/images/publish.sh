#!/bin/bash
# publish.sh [amd64|arm64]…: publishes both native binaries, into artifacts/publish/<project>/release_linux-<x64|arm64>.
# Default: this machine's architecture. arm64 on an amd64 machine needs a cross compiler and OpenSSL for arm64, which it gets from
# Debian without changing this machine's package list (apt's foreign architectures stay off).
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { printf 'publish.sh: %s\n' "$*" >&2; exit 1; }
machine=$(dpkg --print-architecture)

# cross ARCH: the compiler is installed; headers and static libraries of OpenSSL and zlib come into a folder that is only ours
cross() {
  sysroot=${POD_EXECUTOR_CACHE:-$HOME/.cache/pod-executor}/cross-arm64
  [ ! -e "$sysroot/done" ] || return 0
  local apt=$sysroot/apt missing=() package
  for package in gcc-aarch64-linux-gnu libc6-dev-arm64-cross lld; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2> /dev/null | grep -q '^ii' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || apt-get install -y --no-install-recommends "${missing[@]}"
  mkdir -p "$apt"/{lists/partial,cache/archives/partial}
  : > "$apt/status"
  local options=(-o "APT::Architecture=arm64" -o "APT::Architectures=arm64" -o "Dir::State::Lists=$apt/lists"
    -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
  apt-get -q "${options[@]}" update
  ( cd "$apt" && apt-get -q "${options[@]}" download libssl-dev zlib1g-dev )
  for package in "$apt"/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
  touch "$sysroot/done"
}

for architecture in "${@:-$machine}"; do
  options=()
  case $architecture in
    amd64) rid=linux-x64 ;;
    arm64) rid=linux-arm64 ;;
    *) fail "no such architecture: $architecture (amd64, arm64)" ;;
  esac
  if [ "$architecture" != "$machine" ]; then
    [ "$architecture" = arm64 ] || fail "only arm64 is cross-compiled"
    cross
    options=(-p:LinkerFlavor=lld -p:ObjCopyName=aarch64-linux-gnu-objcopy "-p:CrossLibraries=$sysroot/usr/lib/aarch64-linux-gnu"
      "-p:CrossHeaders=$sysroot/usr/include")
  fi
  for project in Driver Agent; do
    dotnet publish "executor/$project" -c Release -r "$rid" -nodeReuse:false -p:UseSharedCompilation=false "${options[@]}"
  done
done
