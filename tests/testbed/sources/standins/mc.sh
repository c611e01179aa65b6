#!/bin/bash
# Stands in for MinIO's client in the Job minio-bucket: the bucket is really made, on the server behind the stand-in for MinIO. Users and
# policies are MinIO's own API, which no server here has: those calls are checked for their form and answered.
set -euo pipefail
state=${MC_CONFIG_DIR:?}
mkdir -p "$state"
case "$*" in
  'alias set cache '*) [ $# = 6 ]; curl -sf --max-time 5 -o /dev/null "$4/minio/health/ready"; echo "$4" > "$state/server" ;;
  'mb --ignore-existing cache/'*)
    # signed as S3 did at first, which openssl and curl can do by themselves
    bucket=${3#cache/} date=$(date -Ru)
    signature=$(printf 'PUT\n\n\n%s\n/%s' "$date" "$bucket" | openssl dgst -sha1 -hmac "${SECRET_KEY:?}" -binary | base64)
    curl -sf --max-time 30 -o /dev/null -X PUT -H "Date: $date" -H "Authorization: AWS ${ACCESS_KEY:?}:$signature" "$(cat "$state/server")/$bucket" ;;
  'admin user add cache '*) [ $# = 6 ] && [ -n "$5" ] && [ -n "$6" ] ;;
  'admin policy create cache '*) grep -q '"Version"' "$6"; ! grep -q BUCKET "$6" ;;
  'admin user info cache '*) cat "$state/attached" 2> /dev/null || true ;;
  'admin policy attach cache '*) [ "$6" = --user ]; echo "$5" > "$state/attached" ;;
  'ilm rule ls cache/'*) cat "$state/rule" 2> /dev/null || true ;;
  'ilm rule add '*) [ "$4" = --expire-days ] && [ "$5" -gt 0 ]; echo Enabled > "$state/rule" ;;
  *) echo "stand-in: no such call: mc $*" >&2; exit 2 ;;
esac
