#!/bin/bash
# images.sh [NAME…]: makes the test images in $IMAGES from Debian's packages; all of them if none is named.
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

image() {
  local name=$1 tag=$2 config=$3 files=() layer key
  shift 3
  [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " = *" $name "* ]] || return 0
  for layer; do
    make_layer "$layer"
    files+=("$(layer_file "$layer")")
  done
  key="$tag $config ${files[*]##*/}"
  [ -e "$IMAGES/$name.tar.digest" ] && [ "$(cat "$IMAGES/$name.recipe" 2> /dev/null)" = "$key" ] && return 0
  "$pack" "pex/$name:$tag" "$IMAGES/$name.tar" "$config" "${files[@]}"
  echo "$key" > "$IMAGES/$name.recipe"
  lap "image pex/$name:$tag: $(du -h "$IMAGES/$name.tar" | cut -f1)"
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
image_table
lap "the images are in $IMAGES"
