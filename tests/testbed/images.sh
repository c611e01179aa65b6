#!/bin/bash
# images.sh [NAME…]: makes the test images in $IMAGES from Debian's packages; all of them if none is named.
# images.sh --standins: those that stand in for images of the installation and of the users' pipeline (standins.sh).
# A layer is made again when the text of its recipe changes, an image when one of its layers or its config does.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
here=$PWD
pack=$here/../../deploy/images/pack.sh
mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2> /dev/null) || true
[ -n "$mirror" ] || mirror=$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' /etc/apt/sources.list)

# --- recipes: layer_NAME fills the folder $1

layer_pause() { gcc -Os -static -s -o "$1/pause" "$here/sources/pause.c"; }

# nothing but one program: no shell, no /etc/passwd, no /tmp
layer_static() { gcc -Os -static -s -o "$1/hello" "$here/sources/hello.c"; }

layer_busybox() {
  mkdir -p "$1"/{bin,etc,proc,sys,dev,root,tmp,var/tmp,usr/bin}
  chmod 1777 "$1/tmp" "$1/var/tmp"
  install -m 755 /bin/busybox "$1/bin/busybox"
  local applet
  for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"; done
  ln -s ../../bin/env "$1/usr/bin/env"
  echo 'root:x:0:0:root:/root:/bin/sh' > "$1/etc/passwd"
  echo 'root:x:0:' > "$1/etc/group"
}

layer_entrypoint() { install -m 755 "$here/sources/entrypoint.sh" "$1/entrypoint.sh"; }

layer_web() { install -m 755 "$here/sources/web.sh" "$1/web.sh"; }

layer_debian() {
  debootstrap --variant=minbase --include=bash,git,curl,ca-certificates,procps bookworm "$1" "$mirror"
  rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/* "$1"/usr/share/{doc,man,info,locale}/* "$1"/dev/*
}

# a C compiler that is small, and make
layer_compiler() {
  debian_packages "$1" tcc libc6-dev make
  ln -s tcc "$1/usr/bin/cc"
}

layer_redis() {
  debian_packages "$1" redis-server
  rm -rf "$1/etc"
}

layer_kubectl() { install -D -m 755 "$KUBERNETES/bin/kubectl" "$1/usr/local/bin/kubectl"; }

layer_manager() {
  debian_packages "$1" dumb-init
  install -D -m 755 "$here/sources/standins/gitlab-runner.pl" "$1/usr/bin/gitlab-runner"
  install -D -m 755 "$here/../../deploy/images/runner/runner-manager.sh" "$1/usr/local/bin/runner-manager"
  printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\ngitlab-runner:x:999:999::/home/gitlab-runner:/bin/bash\n' \
    | install -D -m 644 /dev/stdin "$1/etc/passwd"
}

layer_minio() {
  debian_packages "$1" haproxy
  install -D -m 755 "$here/sources/standins/minio.sh" "$1/usr/local/bin/minio"
  install -D -m 755 "$here/sources/standins/mc.sh" "$1/usr/local/bin/mc"
  install -d -m 777 "$1/data"
}

layer_builder() {
  debian_packages "$1" haproxy containerd runc iptables iproute2 perl-base
  cp -a "$BUILDKIT_HOME/0.25/root/." "$1/"
  install -D -m 755 "$here/sources/standins/buildkitd.sh" "$1/usr/local/bin/buildkitd"
  install -D -m 755 "$here/sources/standins/buildctl.sh" "$1/usr/local/bin/buildctl"
  install -D -m 755 "$here/grpc-bridge.pl" "$1/usr/local/lib/grpc-bridge.pl"
}

layer_maven() { install -D -m 755 "$here/sources/standins/mvn.sh" "$1/usr/local/bin/mvn"; }

# debian_packages DIR PACKAGE…: unpacks what the debian layer lacks of these packages and of what they need; runs none of their scripts
debian_packages() {
  local root=$1 state=$1.state deb
  shift
  mkdir -p "$state"/archives/partial "$root/usr"/{bin,sbin,lib,lib64}
  tar -xOf "$(layer_file debian)" ./var/lib/dpkg/status > "$state/status"
  compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null || apt-get update
  apt-get -q -o Dir::State::status="$state/status" -o Dir::Cache="$state" -o APT::Sandbox::User=root -o Acquire::Retries=3 \
    -o Debug::NoLocking=true install --download-only -y --no-install-recommends "$@"
  # Debian's /bin is a link to /usr/bin: a package that still says /bin must not put a folder in its place
  for deb in bin sbin lib lib64; do ln -s usr/$deb "$root/$deb"; done
  for deb in "$state"/archives/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar --keep-directory-symlink -C "$root" -x; done
  rm -rf "$state" "$root"/usr/share/{doc,man,info,locale,lintian,bash-completion}
}

# --- images: name, tag, config, layers

image_table() {
  image pause 1 '{"Entrypoint":["/pause"]}' pause
  image busybox 1 '{"Cmd":["/bin/sh"]}' busybox
  image static 1 '{"Cmd":["/hello"]}' static
  image user 1 '{"Cmd":["/bin/sh"],"User":"1000:1000"}' busybox
  image entrypoint 1 '{"Entrypoint":["/entrypoint.sh"],"Cmd":["/bin/sh"]}' busybox entrypoint
  image web 1 '{"Entrypoint":["/web.sh"],"ExposedPorts":{"8000/tcp":{}}}' busybox web
  image debian 12 '{"Cmd":["/bin/bash"]}' debian
  image redis 7 '{"Entrypoint":["/usr/bin/redis-server"],"Cmd":["--bind","0.0.0.0","--protected-mode","no","--save",""],"ExposedPorts":{"6379/tcp":{}}}' debian redis
  image build 12 '{"Cmd":["/bin/bash"]}' debian redis compiler kubectl
}

# Under the names that the manifests, and the users' pipeline, have. The manager's last layer is the product's (standins.sh).
standin_table() {
  image_of standin-minio minio/minio:RELEASE.2025-04-22T22-12-26Z '{"Entrypoint":["/usr/local/bin/minio"]}' debian minio
  image_of standin-mc minio/mc:RELEASE.2025-04-16T18-13-26Z '{"Entrypoint":["/usr/local/bin/mc"]}' debian minio
  image_of standin-buildkit harbor.local.com/cicd/buildkit:v0.25.2 '{"Entrypoint":["/usr/local/bin/buildkitd"]}' debian builder
  image_of standin-maven harbor.local.com/cicd/maven:3.9.3 '{"Cmd":["/bin/bash"]}' debian compiler maven
  image_of standin-agent harbor.local.com/cicd/gitlab-runner-agent:v1.0 '{"Cmd":["/bin/bash"]}' debian kubectl
  make_layer manager
  layer_file manager > "$IMAGES/standin-manager.layer"
}

# --- the work

# what a layer is made of, as a short hash
recipe() {
  {
    declare -f "layer_$1"
    case $1 in
      pause) cat "$here/sources/pause.c" ;;
      static) cat "$here/sources/hello.c" ;;
      entrypoint | web) cat "$here/sources/$1.sh" ;;
      compiler | redis) declare -f debian_packages; recipe debian ;;
      manager) cat "$here/sources/standins/gitlab-runner.pl" "$here/../../deploy/images/runner/runner-manager.sh"; declare -f debian_packages; recipe debian ;;
      minio) cat "$here"/sources/standins/{minio,mc}.sh; declare -f debian_packages; recipe debian ;;
      builder) cat "$here"/sources/standins/build{kitd,ctl}.sh "$here/grpc-bridge.pl"; declare -f debian_packages; recipe debian ;;
      maven) cat "$here/sources/standins/mvn.sh" ;;
    esac
  } | sha256sum | cut -c1-12
}

layer_file() { echo "$IMAGES/layers/$1-$(recipe "$1").tar"; }

make_layer() {
  local name=$1 file dir; file=$(layer_file "$name")
  [ ! -e "$file" ] || return 0
  dir=$(mktemp -d "$IMAGES/layers/$name.tmp-XXXXXX")
  chmod 755 "$dir"
  lap "layer $name …"
  # a process of its own: bash forgets "set -e" in whatever stands left of ||
  "$here/images.sh" --layer "$name" "$dir" > "$IMAGES/layers/$name.log" 2>&1 8>&- \
    || { rm -rf "$dir" "$dir.state"; tail -n 15 "$IMAGES/layers/$name.log" >&2; fail "layer $name failed: see $IMAGES/layers/$name.log"; }
  rm -f "$IMAGES/layers/$name"-*.tar*
  tar --numeric-owner --sort=name --mtime=@0 -C "$dir" -cf "$file.part" .
  mv "$file.part" "$file"
  rm -rf "$dir"
  lap "layer $name: $(du -h "$file" | cut -f1)"
}

# image NAME TAG CONFIG LAYER…: pex/NAME:TAG in NAME.tar
image() {
  local name=$1 tag=$2
  shift 2
  [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " = *" $name "* ]] || return 0
  image_of "$name" "pex/$name:$tag" "$@"
}

# image_of FILE IMAGE CONFIG LAYER…
image_of() {
  local name=$1 full=$2 config=$3 files=() layer key
  shift 3
  for layer; do
    make_layer "$layer"
    files+=("$(layer_file "$layer")")
  done
  key="$full $config ${files[*]##*/}"
  [ -e "$IMAGES/$name.tar.digest" ] && [ "$(cat "$IMAGES/$name.recipe" 2> /dev/null)" = "$key" ] && return 0
  "$pack" "$full" "$IMAGES/$name.tar" "$config" "${files[@]}"
  echo "$key" > "$IMAGES/$name.recipe"
  lap "image $full: $(du -h "$IMAGES/$name.tar" | cut -f1)"
}

if [ "${1:-}" = --layer ]; then   # the script calls itself for this step
  "layer_$2" "$3"
  exit
fi

mkdir -p "$IMAGES/layers"
exec 8> "$IMAGES/lock"
flock 8
wanted=("$@")
rm -rf "$IMAGES"/*.tmp-* "$IMAGES"/layers/*.tmp-*   # of runs that were stopped
if [ "${1:-}" = --standins ]; then standin_table; else image_table; fi
lap "the images are in $IMAGES"
