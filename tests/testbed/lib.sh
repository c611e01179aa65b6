# What the testbed's scripts share: messages, daemons with pid files, containerd's client. Sourced after env.sh.

LAP_START=$EPOCHREALTIME

# lap TEXT: one line of progress with the seconds since the script began
lap() {
  local now=$EPOCHREALTIME
  printf '%6.1f s  %s\n' "$(( (${now/./} - ${LAP_START/./}) / 100000 ))e-1" "$*"
}

fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || fail "must run as root: it makes network devices, mounts and cgroups"; }

# only one script at a time changes the testbed
take_lock() {
  mkdir -p "$TESTBED"
  exec 9> "$TESTBED/lock"
  flock -w 900 9 || fail "another testbed script has held $TESTBED/lock for 15 minutes"
}

# wait_for SECONDS COMMAND…: tries ten times a second
wait_for() {
  local end=$(( SECONDS + $1 )); shift
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# A process is known by its number and its start time, so that a number used again is never taken for ours.
start_time() { sed 's/^.*) //' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }

zombie() { grep -qs '^State:.Z' "/proc/$1/status"; }

# daemon NAME COMMAND…: starts it in the background with log/NAME.log and pid/NAME
daemon() {
  local name=$1; shift
  mkdir -p "$TESTBED/log" "$TESTBED/pid"
  setsid "$@" >> "$TESTBED/log/$name.log" 2>&1 < /dev/null 9>&- &
  local pid=$!
  echo "$pid $(start_time $pid)" > "$TESTBED/pid/$name"
}

# daemon_pid NAME: prints its number if it runs
daemon_pid() {
  local pid start
  read -r pid start 2> /dev/null < "$TESTBED/pid/$1" || return 1
  [ -n "$start" ] && [ "$(start_time "$pid")" = "$start" ] && ! zombie "$pid" && echo "$pid"
}

# stop_daemon NAME [SIGNAL]: with KILL after 5 s
stop_daemon() {
  local pid
  if pid=$(daemon_pid "$1"); then
    kill "-${2:-TERM}" "$pid" 2> /dev/null || true
    wait_for 5 daemon_gone "$1" || { kill -KILL "$pid" 2> /dev/null || true; wait_for 5 daemon_gone "$1"; } || true
  fi
  rm -f "$TESTBED/pid/$1"
}

daemon_gone() { ! daemon_pid "$1"; }

# the last lines of a daemon's log, for a failure's message
log_tail() { printf -- '--- the end of %s\n' "$TESTBED/log/$1.log"; tail -n 8 "$TESTBED/log/$1.log" 2> /dev/null || true; }

port_taken() { [ -n "$(ss -ltnH "sport = :$1")" ]; }

containers() { ctr --address "$CONTAINERD_SOCKET" --connect-timeout 3s --namespace k8s.io "$@"; }

api_ready() {
  [ "$(curl -s --max-time 2 --cacert "$TESTBED/pki/ca.crt" --cert "$TESTBED/pki/admin.crt" --key "$TESTBED/pki/admin.key" \
    "https://127.0.0.1:$API_PORT/readyz")" = ok ]
}

# What the kubelet, containerd and CNI write outside the testbed's folders, and cannot be told not to: one existing path per line.
outside_paths() {
  find /var/lib/kubelet /var/lib/cni /var/log/pods /var/log/containers /run/containerd -maxdepth 1 2> /dev/null || true
}

# runs NAME: whether a process of this name lives, whoever started it; the dead whom nobody has reaped yet do not count
runs() { pgrep -x -r D,R,S,T,t,I "$1" > /dev/null; }

# this start of this machine, and the network that we see of it
this_machine() { echo "$(cat /proc/sys/kernel/random/boot_id) $(readlink /proc/self/ns/net)"; }

# unpack_package SUITE PACKAGE FOLDER FILE: the package of that Debian suite, unless FILE is there. apt's own state of this machine is not touched.
unpack_package() {
  local suite=$1 package=$2 folder=$3 mirror state=$CACHE/suites/$1
  [ ! -x "$folder/$4" ] || return 0
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2> /dev/null) || true
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' /etc/apt/sources.list)
  [ -n "$mirror" ] || fail "no Debian mirror is in /etc/apt"
  mkdir -p "$state"/{lists/partial,archives/partial} "$folder"
  : > "$state/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$state/sources.list"
  cat > "$state/apt.conf" <<A
Dir::Etc::sourcelist "$state/sources.list"; Dir::Etc::sourceparts "-"; Dir::State::Lists "$state/lists"; Dir::State::status "$state/status";
Dir::Cache::archives "$state/archives"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; Acquire::Languages "none"; Acquire::Retries "3"; APT::Sandbox::User "root";
A
  lap "fetching $package of Debian $suite"
  (
    cd "$state/archives"
    export APT_CONFIG=$state/apt.conf
    apt-get -qq update && apt-get -qq download "$package"
  ) >> "$CACHE/suites/apt.log" 2>&1 || { tail -n 8 "$CACHE/suites/apt.log" >&2; fail "$package of Debian $suite cannot be fetched"; }
  dpkg -x "$state"/archives/"$package"_*.deb "$folder"
  [ -x "$folder/$4" ] || fail "$package of Debian $suite has no $4"
  rm -rf "$state"
}
