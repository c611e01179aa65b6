#!/bin/bash
# publish.sh [amd64|arm64]…: publishes both native binaries, into artifacts/publish/<project>/release_linux-<x64|arm64>.
#   PROJECTS  default: Driver Agent
# Default: this machine's architecture. arm64 on an amd64 machine needs a cross compiler, which is installed, and OpenSSL for arm64,
# which is unpacked into a folder of its own: apt's foreign architectures stay off.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD cache=${POD_EXECUTOR_CACHE:-$HOME/.cache/pod-executor}
fail() { printf 'publish.sh: %s\n' "$*" >&2; exit 1; }
machine=$(dpkg --print-architecture)

# cross_tools: the compiler, and headers and static libraries of OpenSSL and zlib below $sysroot
cross_tools() {
  local apt=$sysroot/apt missing=() package options
  for package in gcc-aarch64-linux-gnu libc6-dev-arm64-cross; do
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2> /dev/null) = ii* ]] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || apt-get install -y --no-install-recommends "${missing[@]}"
  [ ! -e "$sysroot/done" ] || return 0
  mkdir -p "$apt"/{lists/partial,cache/archives/partial}
  : > "$apt/status"
  options=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status"
    -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3)
  apt-get -q "${options[@]}" update
  ( cd "$apt" && apt-get -q "${options[@]}" download libssl-dev zlib1g-dev )
  for package in "$apt"/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
  # the SDK compiles its OpenSSL shim by cmake, which takes this from the environment, and links by what we name
  cat > "$sysroot/toolchain.cmake" <<C
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_C_FLAGS_INIT "-isystem $sysroot/usr/include -isystem $sysroot/usr/include/aarch64-linux-gnu")
set(OPENSSL_INCLUDE_DIR "$sysroot/usr/include")
set(OPENSSL_CRYPTO_LIBRARY "$sysroot/usr/lib/aarch64-linux-gnu/libcrypto.a")
set(OPENSSL_SSL_LIBRARY "$sysroot/usr/lib/aarch64-linux-gnu/libssl.a")
C
  # --target=… is clang's, which the SDK expects when it crosses
  cat > "$sysroot/aarch64-gcc" <<C
#!/bin/bash
for argument; do [[ \$argument = --target=* ]] || arguments+=("\$argument"); done
exec aarch64-linux-gnu-gcc "\${arguments[@]}" "-L$sysroot/usr/lib/aarch64-linux-gnu"
C
  chmod 755 "$sysroot/aarch64-gcc"
  touch "$sysroot/done"
}

# cross PROJECT: in a copy of the sources, for a foreign architecture would be written into the lock files
cross() {
  local copy=$cache/cross-source
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -r executor protos Directory.Build.props Directory.Packages.props global.json .editorconfig "$copy/"
  find "$copy" -name packages.lock.json -delete
  ( cd "$copy" && CMAKE_TOOLCHAIN_FILE=$sysroot/toolchain.cmake dotnet publish "executor/$1" -c Release -r linux-arm64 -nodeReuse:false -p:UseSharedCompilation=false \
      -p:RestorePackagesWithLockFile=false -p:SourceRevisionId="$(git -C "$root" rev-parse HEAD)" \
      -p:ObjCopyName=aarch64-linux-gnu-objcopy "-p:CppLinker=$sysroot/aarch64-gcc" )
  mkdir -p "artifacts/publish/$1"
  rm -rf "artifacts/publish/$1/release_linux-arm64"
  cp -r "$copy/artifacts/publish/$1/release_linux-arm64" "artifacts/publish/$1/"
}

for architecture in "${@:-$machine}"; do
  case $architecture in
    "$machine") for project in ${PROJECTS:-Driver Agent}; do dotnet publish "executor/$project" -c Release -nodeReuse:false -p:UseSharedCompilation=false; done ;;
    arm64)
      sysroot=$cache/cross-arm64
      cross_tools
      for project in ${PROJECTS:-Driver Agent}; do cross $project; done ;;
    *) fail "cannot publish for $architecture on $machine: only this machine's own, and arm64 from amd64" ;;
  esac
done
