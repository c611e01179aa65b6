#!/bin/bash
# build.sh runner|helper REGISTRY/NAME:TAG [BUILDX-OPTION…]: builds an image by any BuildKit, through docker buildx, and pushes it.
#
#   ARCHITECTURES  default: those that are published in artifacts/publish (publish.sh here makes them)
#   BASE           the base image, pinned: NAME@sha256:… (default: the Dockerfile's tag)
#   SBOM           the scanner's image, pinned, or false (default: true, BuildKit's own from Docker Hub)
#   BUILDER        command that takes docker buildx's build options (default: docker buildx build; our own image-build works, too)
#
# The same commit, BASE and SNAPSHOT_URL give the same image: times are those of the commit. SBOM and provenance are attached.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) root=$(cd "$(dirname "$0")/../.." && pwd)
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }
[ $# -ge 2 ] && [[ $1 = runner || $1 = helper ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
image=$1 name=$2
shift 2

case $image in runner) project=Driver binary=pod-executor ;; helper) project=Agent binary=pod-agent ;; esac
declare -A rid=([amd64]=linux-x64 [arm64]=linux-arm64)

# --- the context: what the Dockerfile copies and nothing else
mkdir -p "$root/artifacts/images"
context=$(mktemp -d "$root/artifacts/images/$image-XXXXXX")
trap 'rm -rf "$context"' EXIT
platforms=()
for architecture in ${ARCHITECTURES:-amd64 arm64}; do
  [ -n "${rid[$architecture]:-}" ] || fail "no such architecture: $architecture (amd64, arm64)"
  published=$root/artifacts/publish/$project/release_${rid[$architecture]}/$binary
  if [ ! -x "$published" ]; then
    [ -z "${ARCHITECTURES:-}" ] || fail "$published is missing: run deploy/images/publish.sh $architecture"
    continue
  fi
  install -D -m 755 "$published" "$context/$architecture/$binary"
  platforms+=("linux/$architecture")
done
[ ${#platforms[@]} -gt 0 ] || fail "nothing is published: run deploy/images/publish.sh amd64"
case $image in
  runner) install -m 755 "$here/runner/runner-manager.sh" "$context/" ;;
  helper)
    install -m 755 "$here/helper/rootfs.sh" "$context/"
    mkdir "$context/names"
    for link in gitlab-runner gitlab-runner-helper; do ln -s pod-agent "$context/names/$link"; done ;;
esac
cp "$here/$image/Dockerfile" "$context/"

# --- the build
revision=$(git -C "$root" rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' "$root/Directory.Build.props")
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"
  --build-arg "CREATED=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)")
for variable in BASE SNAPSHOT_URL; do [ -z "${!variable:-}" ] || arguments+=(--build-arg "$variable=${!variable}"); done
if [ -z "${BUILDER:-}" ] && [ "$(docker buildx inspect | sed -n 's/^Driver: *//p')" = docker ]; then
  fail "Docker's own builder cannot set an image's times, and without that no two builds are the same. Make another: docker buildx create --use"
fi
IFS=,; platform=${platforms[*]}; unset IFS
sbom=${SBOM:-true}
case $sbom in true | false) ;; *) sbom=generator=$sbom ;; esac
# shellcheck disable=SC2086
${BUILDER:-docker buildx build} --platform "$platform" "${arguments[@]}" "--sbom=$sbom" --provenance=mode=max \
  --output "type=image,name=$name,push=true,rewrite-timestamp=true" "$@" "$context"
