#!/bin/bash
# down.sh [--purge]: ends the cluster, the registries and the S3 server, and leaves no process, mount, network device, iptables chain or cgroup of them.
# Keys, images and containerd's store stay for the next start; --purge removes them too (not $KUBERNETES and $IMAGES).
set -uo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
[ "${1:-}" = --unlocked ] || take_lock   # up.sh holds it already

# up.sh notes what the machine was like before it changes anything: without the note there is nothing to undo.
if [ -e "$TESTBED/machine" ]; then
  read -r _ boot network < "$TESTBED/machine"
  read -r boot_now network_now < <(this_machine)
  if [ "$boot" != "$boot_now" ]; then
    rm -f "$TESTBED"/pid/*                    # the machine was started anew: those numbers mean other processes now
    sed -i '/^sysctl/d' "$TESTBED/machine"
  elif [ "$network" != "$network_now" ]; then
    fail "the cluster runs in another network namespace ($network): end it there"
  fi
else
  for name in registry registry-private registry-tls registry-token token-server harbor s3-gateway s3-store s3-monitor; do stop_daemon $name KILL; done
  rm -rf "$S3_DATA"
  if [ "${1:-}" = --purge ]; then rm -rf "$TESTBED"; fi
  echo "the cluster is down already"
  exit 0
fi

# Step 1: the control plane. SIGKILL: its state is thrown away, and an orderly end of the API server takes up to a minute.
for name in api-for-pods kube-proxy kubelet kube-scheduler kube-controller-manager kube-apiserver etcd \
  registry registry-private registry-tls registry-token token-server harbor s3-gateway s3-store s3-monitor; do
  stop_daemon "$name" KILL &
done
wait

# Step 2: containers, then the shims that did not end with them, then containerd
if daemon_pid containerd > /dev/null; then
  mapfile -t ids < <(containers containers ls -q 2> /dev/null)
  if [ ${#ids[@]} -gt 0 ]; then
    containers tasks rm --force "${ids[@]}" > /dev/null 2>&1
    containers containers rm "${ids[@]}" > /dev/null 2>&1
  fi
fi
for cmdline in /proc/[0-9]*/cmdline; do
  case $(tr '\0' ' ' 2> /dev/null < "$cmdline") in
    *containerd-shim-runc-v2\ *"-address $CONTAINERD_SOCKET"*) pid=${cmdline#/proc/}; kill -KILL "${pid%/cmdline}" 2> /dev/null ;;
  esac
done
stop_daemon containerd

# Step 3: whatever is left in our cgroups
for root in /sys/fs/cgroup"$CGROUP" /sys/fs/cgroup/*"$CGROUP"; do
  [ -d "$root" ] || continue
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    processes=$(find "$root" -name cgroup.procs -exec cat {} + 2> /dev/null | sort -u)
    [ -n "$processes" ] || break
    # shellcheck disable=SC2086
    kill -KILL $processes 2> /dev/null
    sleep 0.05
  done
  find "$root" -depth -type d -exec rmdir {} + 2> /dev/null
done

# Step 4: mounts, the deepest first
awk -v home="$TESTBED/" -v run="$RUN_DIR/" 'index($2, home) == 1 || index($2, run) == 1 {print $2}' /proc/self/mounts | sort -r \
  | while read -r mount; do umount -l "$(printf '%b' "$mount")"; done

# Step 5: the network. Rules that lead to our chains first, then the chains. All of ours have ended by now:
# where a kubelet or a containerd still runs, it is somebody else's, and so may be what has no name of ours.
if runs kubelet; then ours=$FENCE; else ours="KUBE-|$FENCE"; fi
ip link del "$BRIDGE" 2> /dev/null
for tool in iptables ip6tables; do
  for table in nat filter mangle; do
    rules=$($tool-save -t $table 2> /dev/null) || continue
    grep -qE ":($ours)" <<< "$rules" || continue
    {
      echo "*$table"
      grep -E "^-A .*-j ($ours)" <<< "$rules" | grep -vE "^-A ($ours)" | sed 's/^-A/-D/'
      sed -nE "s/^:(($ours)[^ ]*).*/-F \1/p" <<< "$rules"
      sed -nE "s/^:(($ours)[^ ]*).*/-X \1/p" <<< "$rules"
      echo COMMIT
    } | $tool-restore --wait --noflush
  done
done

# Step 6: files. What the kubelet, containerd and CNI insist on goes if it was not there before; settings of the kernel go back.
outside_paths | while read -r path; do
  case $path in /run/containerd*) owner=containerd ;; *) owner=kubelet ;; esac
  runs $owner || grep -qxF "path $path" "$TESTBED/machine" || rm -rf "$path"
done
runs kubelet || sed -n 's/^sysctl \([^ ]*\) /\1=/p' "$TESTBED/machine" | while read -r setting; do sysctl -qw "$setting" 2> /dev/null; done
rm -rf "$ETCD_DATA" "$S3_DATA" "$RUN_DIR" "$TESTBED/kubelet" "$TESTBED/containerd/io.containerd.grpc.v1.cri" "$TESTBED/containerd/io.containerd.runtime.v2.task"
rm -f "$TESTBED/machine"
if [ "${1:-}" = --purge ]; then rm -rf "$TESTBED"; fi
lap "the cluster is down"
