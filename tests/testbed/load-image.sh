#!/bin/bash
# load-image.sh TAR…: imports image archives into the cluster's containerd; what is there already, by digest, is skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/env.sh"; . "$here/lib.sh"
[ $# -gt 0 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
need_root
present=$(containers images ls 2> /dev/null) || fail "the cluster's containerd does not answer: is the cluster up? ($here/up.sh)"

for archive; do
  [ -f "$archive" ] || fail "no such file: $archive"
  # pack.sh notes the digest; the name is in the archive's index
  if [ -f "$archive.digest" ]; then
    name=$(tar -xOf "$archive" index.json | jq -r '.manifests[0].annotations["io.containerd.image.name"]')
    awk -v name="$name" -v digest="$(cat "$archive.digest")" '$1 == name && $3 == digest {found = 1} END {exit !found}' <<< "$present" && continue
  fi
  containers images import "$archive" > /dev/null || fail "import of $archive failed"
done
