#!/bin/bash
# Installs the Debian packages that the build, the test cluster and its images need, if any is missing.
# Debian 12, root. Safe to run again: nothing missing, nothing done.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh

packages=(
  # NativeAOT with a static OpenSSL, and the test images' C programs
  gcc libc6-dev libssl-dev zlib1g-dev binutils cmake make
  # the same for arm64
  gcc-aarch64-linux-gnu libc6-dev-arm64-cross
  # building Kubernetes from Debian's source package
  golang-go dpkg-dev
  # the node
  etcd-server containerd runc containernetworking-plugins iptables conntrack ebtables socat iproute2 procps util-linux
  # images and registries
  debootstrap busybox-static docker-registry skopeo haproxy
  # the S3 server
  ceph-mon ceph-osd radosgw
  # what the scripts and tests themselves call
  ca-certificates curl git groff-base jq openssl perl-base unzip xz-utils zip zstd
)

# a package counts as there only when it is unpacked and configured
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii *//p')
missing=()
for package in "${packages[@]}"; do
  grep -qxF "$package" <<< "$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || { echo "every Debian package that is needed is installed"; exit 0; }

need_root
export DEBIAN_FRONTEND=noninteractive
# an own archive folder: another apt-get's clean-up empties the shared one in the middle of an install
archives=$CACHE/apt/archives log=$CACHE/apt/install.log
mkdir -p "$archives/partial"

# Services of these packages must not start: the testbed runs its own, with its own settings.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
fi

lap "installing ${#missing[@]} Debian packages: ${missing[*]}"
apt=(apt-get -o DPkg::Lock::Timeout=600 -o Dir::Cache::archives="$archives" -o Acquire::Retries=3)
try_install() { "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >> "$log" 2>&1; }
: > "$log"
if ! compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null; then
  "${apt[@]}" update >> "$log" 2>&1 || fail "apt-get update failed: see $log"
fi
# lists may be older than the archive: fetch them and try once more
try_install || { "${apt[@]}" update >> "$log" 2>&1 && try_install; } || { tail -n 15 "$log" >&2; fail "apt-get install failed: see $log"; }
rm -rf "$archives"
lap "installed"
