#!/bin/bash
# s3.sh up|status|down|bucket NAME|object BUCKET NAME: a real S3 server that checks signatures: Ceph's object gateway over one object store in memory, from Debian's packages.
#   http://127.0.0.1:17480, and from pods http://10.244.0.1:17480, once the cluster's bridge is there; login in env.sh (S3_ACCESS_KEY, S3_SECRET_KEY)
#   https://10.244.0.1:17481, likewise, with an authority of its own ($S3_AUTHORITY); encrypts with the key "testkey" only there, as servers should
#   "object" prints what the server itself keeps about one: its encryption for example
# "down" forgets all that was stored. About 5 s up, 300 MB of memory.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
conf=$S3_DATA/ceph.conf

bridge_is_there() { [[ $(ip -4 -o address show dev "$BRIDGE" 2> /dev/null) == *"inet $NODE_IP/"* ]]; }

serves_pods() { [ -n "$(ss -ltnH "src $NODE_IP and sport = :$S3_PORT")" ]; }

answers() { curl -s --max-time 2 -o /dev/null "http://127.0.0.1:$S3_PORT/"; }

runs_already() { daemon_pid s3-monitor && daemon_pid s3-store && daemon_pid s3-gateway; } > /dev/null

write_settings() {
  cat > "$conf" <<C
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = [v2:127.0.0.1:$S3_MON_PORT,v1:127.0.0.1:$(( S3_MON_PORT + 1 ))]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
keyring = $S3_DATA/keyring
# one copy on one store, all of it in memory
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# no waiting for other monitors, and none about a disk that others fill
paxos propose interval = 0.02
paxos min wait = 0.01
mon data avail warn = 2
mon data avail crit = 1
run dir = $S3_DATA
log file = $S3_DATA/\$name.log
admin socket = $S3_DATA/\$name.asok
pid file = $S3_DATA/\$name.pid
[mon.a]
mon data = $S3_DATA/mon
[osd.0]
osd data = $S3_DATA/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd max object name len = 1024
[client]
rgw data = $S3_DATA/rgw
rgw thread pool size = 32
rgw enable apis = s3, admin
# SSE-KMS without a Vault: the key is here
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = testkey=$(openssl rand -base64 32)
C
}

# certificates: an authority that no system knows, and the server's certificate for the address that pods use
certificates() {
  local subject=subjectAltName=IP:127.0.0.1,IP:$NODE_IP
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=s3 testbed CA' -keyout "$S3_DATA/ca.key" -out "$S3_AUTHORITY"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=s3 testbed' -keyout "$S3_DATA/tls.key" -out "$S3_DATA/tls.csr"
  openssl x509 -req -in "$S3_DATA/tls.csr" -CA "$S3_AUTHORITY" -CAkey "$S3_DATA/ca.key" -CAcreateserial -days 3650 -extfile <(echo "$subject") -out "$S3_DATA/tls.crt"
}

gateway() {
  local endpoints="endpoint=127.0.0.1:$S3_PORT ssl_endpoint=127.0.0.1:$S3_TLS_PORT ssl_certificate=$S3_DATA/tls.crt ssl_private_key=$S3_DATA/tls.key"
  ! bridge_is_there || endpoints+=" endpoint=$NODE_IP:$S3_PORT ssl_endpoint=$NODE_IP:$S3_TLS_PORT"
  daemon s3-gateway radosgw -c "$conf" -n client.admin -f --rgw-frontends "beast $endpoints"
}

up() {
  for port in $S3_PORT $S3_TLS_PORT $S3_MON_PORT $(( S3_MON_PORT + 1 )); do
    ! port_taken "$port" || fail "port $port is taken: $(ss -ltnpH "sport = :$port" | awk '{print $4, $6}')"
  done
  rm -rf "$S3_DATA"
  mkdir -p -m 700 "$S3_DATA"
  mkdir -p "$S3_DATA"/{mon,osd,rgw}
  write_settings

  # Step 1: keys, the monitor's map, the monitor
  local log=$TESTBED/log/s3-setup.log keyring=$S3_DATA/keyring
  mkdir -p "$TESTBED/log"
  {
    certificates
    ceph-authtool --create-keyring "$keyring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    ceph-authtool "$keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    monmaptool --create --fsid "$(sed -n 's/^fsid = //p' "$conf")" \
      --addv a "[v2:127.0.0.1:$S3_MON_PORT,v1:127.0.0.1:$(( S3_MON_PORT + 1 ))]" "$S3_DATA/monmap"
    ceph-mon -c "$conf" -i a --mkfs --monmap "$S3_DATA/monmap" --keyring "$keyring"
  } > "$log" 2>&1 || { tail -n 8 "$log" >&2; fail "the S3 server's monitor cannot be made: see $log"; }
  daemon s3-monitor ceph-mon -c "$conf" -i a -f

  # Step 2: the store, then the gateway before it
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$(cat /proc/sys/kernel/random/uuid)" >> "$log" 2>&1 || { tail -n 8 "$log" >&2; fail "the S3 server's store cannot be made: see $log"; }
  daemon s3-store ceph-osd -c "$conf" -i 0 -f
  gateway

  # Step 3: the login
  timeout 90 radosgw-admin -c "$conf" user create --uid=ci --display-name=ci --access-key="$S3_ACCESS_KEY" --secret-key="$S3_SECRET_KEY" >> "$log" 2>&1 \
    || { tail -n 8 "$log" >&2; log_tail s3-store >&2; fail "the S3 server's user cannot be made: see $log"; }
  wait_for 90 answers || { log_tail s3-gateway >&2; fail "the S3 server does not answer"; }
}

# bucket NAME: signed as S3 did at first, which openssl and curl can do by themselves
bucket() {
  local date signature
  date=$(date -Ru)
  signature=$(printf 'PUT\n\n\n%s\n/%s' "$date" "$1" | openssl dgst -sha1 -hmac "$S3_SECRET_KEY" -binary | base64)
  curl -sf --max-time 30 -o /dev/null -X PUT -H "Date: $date" -H "Authorization: AWS $S3_ACCESS_KEY:$signature" "http://127.0.0.1:$S3_PORT/$1" \
    || fail "bucket $1 cannot be made"
}

case ${1:-} in
  up)
    take_lock
    if runs_already; then
      if bridge_is_there && ! serves_pods; then
        stop_daemon s3-gateway
        gateway
        wait_for 60 answers || { log_tail s3-gateway >&2; fail "the S3 server does not answer"; }
      fi
      echo "the S3 server is up already: http://127.0.0.1:$S3_PORT"
      exit 0
    fi
    for name in s3-gateway s3-store s3-monitor; do stop_daemon $name KILL; done
    up
    lap "the S3 server is up: http://127.0.0.1:$S3_PORT" ;;
  status) runs_already ;;
  object) [ -n "${3:-}" ] || fail "which object of which bucket?"; radosgw-admin -c "$conf" object stat --bucket="$2" --object="$3" ;;
  bucket) [ -n "${2:-}" ] || fail "which bucket?"; bucket "$2" ;;
  down)
    take_lock
    for name in s3-gateway s3-store s3-monitor; do stop_daemon $name KILL; done
    rm -rf "$S3_DATA"
    lap "the S3 server is down" ;;
  *) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;;
esac
