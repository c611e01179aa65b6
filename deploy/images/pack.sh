#!/bin/bash
# pack.sh NAME:TAG OUT.tar CONFIG LAYER…: writes an OCI image archive; needs neither docker nor a registry.
#   CONFIG  JSON of the image's config, for example {"Cmd":["/bin/sh"],"User":"1000:1000"}
#           (the architecture is $IMAGE_ARCHITECTURE, else amd64)
#   LAYER   a tar, plain (.tar) or gzip-compressed (.tar.gz), from the lowest to the highest
# `ctr images import`, `skopeo copy oci-archive:…`, `podman load`, `docker load` (25 and newer) and `kind load image-archive` read it.
# The manifest's digest goes to OUT.tar.digest. The same input gives the same bytes. A layer's digests are kept beside it.
set -euo pipefail
name=$1 out=$2 config=$3
shift 3

stage=$(mktemp -d "$out.tmp-XXXXXX")
trap 'rm -rf "$stage"' EXIT
blobs=$stage/blobs/sha256
mkdir -p "$blobs"

sum() { sha256sum "$@" | cut -d' ' -f1; }

# layer_digests FILE: digest of the blob, digest of the tar inside, length
layer_digests() {
  if [ ! "$1.digests" -nt "$1" ]; then
    case $1 in
      *.gz) echo "$(sum "$1") $(gzip -dc "$1" | sum) $(stat -c %s "$1")" ;;
      *) local digest; digest=$(sum "$1"); echo "$digest $digest $(stat -c %s "$1")" ;;
    esac > "$1.digests"
  fi
  cat "$1.digests"
}

# add_blob FILE TYPE: stores it and prints its descriptor
add_blob() {
  local digest; digest=$(sum "$1")
  mv "$1" "$blobs/$digest"
  printf '{"mediaType":"application/vnd.oci.image.%s+json","digest":"sha256:%s","size":%s}' "$2" "$digest" "$(stat -c %s "$blobs/$digest")"
}

layers='' diffs=''
for layer; do
  read -r digest diff size < <(layer_digests "$layer")
  case $layer in *.gz) type=tar+gzip ;; *) type=tar ;; esac
  layers+=",{\"mediaType\":\"application/vnd.oci.image.layer.v1.$type\",\"digest\":\"sha256:$digest\",\"size\":$size}"
  diffs+=",\"sha256:$diff\""
  # linked, not copied: this must be the layer's own disk, or the copy is made after all
  ln -f "$layer" "$blobs/$digest" 2> /dev/null || cp "$layer" "$blobs/$digest"
done

path='"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"'
jq -cjn --argjson config "$config" "{architecture:\"${IMAGE_ARCHITECTURE:-amd64}\",os:\"linux\",created:\"1970-01-01T00:00:00Z\",
  config:({Env:[$path],WorkingDir:\"/\"} * \$config),rootfs:{type:\"layers\",diff_ids:[${diffs#,}]}}" > "$stage/config"
config_blob=$(add_blob "$stage/config" config.v1)
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
  "$config_blob" "${layers#,}" > "$stage/manifest"
manifest=$(add_blob "$stage/manifest" manifest.v1)
printf '{"imageLayoutVersion":"1.0.0"}' > "$stage/oci-layout"
# a name without a registry is Docker Hub's
full=$name
[[ ${name%%/*} = *.* ]] || full=docker.io/$name
printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
  "${manifest%\}}" "$full" "${name##*:}" > "$stage/index.json"

tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=a+rX,u+w --numeric-owner -C "$stage" -cf "$out.part" oci-layout index.json blobs
mv "$out.part" "$out"
grep -o 'sha256:[0-9a-f]*' <<< "$manifest" > "$out.digest"
