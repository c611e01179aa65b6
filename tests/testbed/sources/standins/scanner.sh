#!/bin/sh
# An SPDX document of the packages that /var/lib/dpkg/status.d names, as scanners read images without a package manager.
set -eu
packages=''
for file in "$BUILDKIT_SCAN_SOURCE"/var/lib/dpkg/status.d/*; do
  [ -f "$file" ] || continue
  name=$(sed -n 's/^Package: //p' "$file") version=$(sed -n 's/^Version: //p' "$file")
  packages="$packages${packages:+,}{\"SPDXID\":\"SPDXRef-$name\",\"name\":\"$name\",\"versionInfo\":\"$version\",\"downloadLocation\":\"NOASSERTION\"}"
done
cat > "$BUILDKIT_SCAN_DESTINATION/image.spdx.json" <<J
{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","subject":null,"predicate":{
"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"image","packages":[$packages]}}
J
