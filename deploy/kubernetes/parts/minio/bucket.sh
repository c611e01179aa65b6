# Run by the Job minio-bucket. Safe to run again: what is there already is left as it is, but for the policy, which is set anew.
set -eu
attempt=0
until mc alias set cache "$SERVER" "$ROOT_USER" "$ROOT_PASSWORD" > /dev/null; do
  attempt=$(( attempt + 1 ))
  [ $attempt -lt 60 ] || { echo "MinIO does not answer at $SERVER" >&2; exit 1; }
  sleep 1
done

mc mb --ignore-existing "cache/$BUCKET"
mc admin user add cache "$ACCESS_KEY" "$SECRET_KEY"

# A policy that is attached already is an error to mc; the list tells.
sed "s/BUCKET/$BUCKET/g" /bucket/user-policy.json > /tmp/policy.json
mc admin policy create cache "$BUCKET-user" /tmp/policy.json
mc admin user info cache "$ACCESS_KEY" | grep -q "$BUCKET-user" || mc admin policy attach cache "$BUCKET-user" --user "$ACCESS_KEY"

# A second net, for what `pod-executor cache gc` does not reach: far longer than it keeps anything, for unchanged content keeps its age.
mc ilm rule ls "cache/$BUCKET" 2> /dev/null | grep -q Enabled || mc ilm rule add --expire-days "$DAYS" "cache/$BUCKET"
echo "bucket $BUCKET is ready for $ACCESS_KEY"
