#!/bin/bash
# Brings up a real one-node Kubernetes cluster on this machine, with the test images in it. Already up: says so.
# Needs install.sh and build-kubernetes.sh to have run. Everything it makes is named in env.sh; down.sh removes it.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh
need_root
[ -d "$KUBERNETES" ] || fail "Kubernetes is not built: run $PWD/build-kubernetes.sh"
pki=$TESTBED/pki

# Step 1: up already, half up, or in somebody's way?
daemons=(containerd etcd kube-apiserver kubelet kube-controller-manager kube-scheduler kube-proxy api-for-pods)
take_lock
running=0
for name in "${daemons[@]}"; do
  if daemon_pid "$name" > /dev/null; then running=$(( running + 1 )); fi
done
test_images() { ls "$IMAGES"/{pause,busybox,static,user,entrypoint,web,debian,redis,build,helper}.tar 2> /dev/null || true; }
if [ $running = ${#daemons[@]} ] && api_ready; then
  mapfile -t archives < <(test_images)
  ./load-image.sh "${archives[@]}"
  echo "the cluster is up already; KUBECONFIG=$KUBECONFIG"
  exit 0
fi
if [ -e "$TESTBED/machine" ]; then
  lap "$running of ${#daemons[@]} parts run: taking down what is left of the cluster first"
  ./down.sh --unlocked > /dev/null || exit
fi
! runs kubelet || fail "another kubelet runs on this machine ($(pgrep -ax kubelet | head -c 120)…): two of them would kill each other's pods"
for port in $API_PORT $ETCD_PORT $(( ETCD_PORT + 1 )) 10248 10249 10250 10256 10257 10259; do
  ! port_taken "$port" || fail "port $port is taken: $(ss -ltnpH "sport = :$port" | awk '{print $4, $6}')"
done

# Step 2: folders, and a note of what the machine looked like, for down.sh
mkdir -p "$TESTBED"/{log,pid,cni,containerd,kubelet,certs.d} "$RUN_DIR"
mkdir -p -m 700 "$ETCD_DATA"
rm -f "$TESTBED"/log/*
if [ ! -e "$TESTBED/machine" ]; then
  {
    echo "where $(this_machine)"
    outside_paths | sed 's/^/path /'
    for key in net.ipv4.ip_forward net.ipv4.conf.all.route_localnet vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops; do
      echo "sysctl $key $(sysctl -n $key)"
    done
  } > "$TESTBED/machine.part"
  mv "$TESTBED/machine.part" "$TESTBED/machine"
fi
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  # cgroup v2: a cgroup has only the controllers that its parent hands down
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null || true
  done
  mkdir -p "/sys/fs/cgroup$CGROUP"
else
  for hierarchy in /sys/fs/cgroup/*/; do mkdir -p "${hierarchy%/}$CGROUP"; done
fi
trap '[ $? = 0 ] || for name in "${daemons[@]}"; do daemon_pid "$name" > /dev/null || [ ! -e "$TESTBED/pid/$name" ] || log_tail "$name"; done >&2' EXIT
./pki.sh

# Step 3: the network. The bridge is there before the first pod, so that the node has an address of its own; pods have no way out.
sysctl -qw net.ipv4.ip_forward=1
ip link add "$BRIDGE" type bridge 2> /dev/null || true
# Else the bridge's address follows its ports: each pod that goes changes it, and the others talk to the old one for ten seconds and more.
ip link set "$BRIDGE" address 02:70:65:78:00:01
ip addr replace "$NODE_IP/${POD_CIDR#*/}" dev "$BRIDGE"
ip link set "$BRIDGE" up
ip route replace "$SERVICE_CIDR" dev "$BRIDGE"   # an address that no service has stays here
if iptables -w -N "$FENCE" 2> /dev/null; then
  iptables -w -A "$FENCE" -i "$BRIDGE" -o "$BRIDGE" -j ACCEPT
  iptables -w -A "$FENCE" -i "$BRIDGE" ! -o "$BRIDGE" -j REJECT
  iptables -w -A "$FENCE" ! -i "$BRIDGE" -o "$BRIDGE" -j REJECT
  iptables -w -I FORWARD -j "$FENCE"
fi
echo "nameserver $NODE_IP" > "$TESTBED/resolv.conf"
cat > "$TESTBED/cni/10-testbed.conflist" <<J
{"cniVersion": "0.3.1", "name": "testbed", "plugins": [
  {"type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$RUN_DIR/ipam", "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[{"subnet": "$POD_CIDR", "rangeStart": "${POD_CIDR%.*}.10"}]]}}]}
J

# Step 4: containerd, etcd, the API server
cat > "$TESTBED/containerd.toml" <<T
version = 2
root = "$TESTBED/containerd"
state = "$RUN_DIR/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "$CONTAINERD_SOCKET"
[plugins."io.containerd.internal.v1.opt"]
  path = "$TESTBED/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/pex/pause:1"
  netns_mounts_under_state_dir = true
  # without CAP_SYS_RESOURCE a lower score than our own cannot be set, and the sandbox asks for one
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$TESTBED/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$TESTBED/certs.d"
T
# No image is ever looked for outside this machine: every registry's name leads to a local one.
registry_for() {
  mkdir -p "$TESTBED/certs.d/$1"
  printf 'server = "%s"\n[host."%s"]\n  capabilities = ["pull", "resolve"]\n' "http://127.0.0.1:$2"{,} > "$TESTBED/certs.d/$1/hosts.toml"
}
registry_for _default "$REGISTRY_PORT"
registry_for "$PRIVATE_REGISTRY_HOST" "$PRIVATE_REGISTRY_PORT"

daemon containerd containerd --config "$TESTBED/containerd.toml"
etcd=http://127.0.0.1:$ETCD_PORT etcd_peer=http://127.0.0.1:$(( ETCD_PORT + 1 ))
daemon etcd etcd --data-dir "$ETCD_DATA" --listen-client-urls "$etcd" --advertise-client-urls "$etcd" --listen-peer-urls "$etcd_peer" \
  --initial-advertise-peer-urls "$etcd_peer" --initial-cluster "default=$etcd_peer" --logger zap --log-level warn
./apiserver.sh start-unlocked
wait_for 30 containers version || { log_tail containerd >&2; fail "containerd does not answer"; }

# Step 5: the kubelet. Early: it spends its first 5 s looking for docker and tries the API server again until it answers.
cat > "$TESTBED/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
healthzBindAddress: 127.0.0.1
tlsCertFile: $pki/kubelet-server.crt
tlsPrivateKeyFile: $pki/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: $CGROUP
failSwapOn: false
resolvConf: $TESTBED/resolv.conf
podCIDR: $POD_CIDR
clusterDNS: [$NODE_IP]        # nobody answers there, at once; without it every pod gets a warning event
clusterDomain: cluster.local
maxPods: 110
serializeImagePulls: false
syncFrequency: 10s            # bounds a pod's deletion when its last event was missed
nodeStatusUpdateFrequency: 1s
registryPullQPS: 0            # no limits: tests start many pods at once
eventRecordQPS: 0
kubeAPIQPS: 200
kubeAPIBurst: 400
imageGCHighThresholdPercent: 100
imageMinimumGCAge: 100h
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
volumePluginDir: $TESTBED/kubelet/volumeplugins
Y
daemon kubelet "$KUBERNETES/bin/kubelet" --config="$TESTBED/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" \
  --root-dir="$TESTBED/kubelet" --cert-dir="$TESTBED/kubelet/pki" --hostname-override="$NODE" --node-ip="$NODE_IP" \
  --container-runtime=remote --container-runtime-endpoint="unix://$CONTAINERD_SOCKET" --runtime-cgroups=/ --v=2

# Step 6: the images, while the API server starts
for stale in $(containers containers ls -q); do containers containers rm "$stale" > /dev/null 2>&1 || true; done
./registry.sh forget
mapfile -t archives < <(test_images)
[ ${#archives[@]} = 0 ] || ./load-image.sh "${archives[@]}"
lap "images are in containerd"

# Step 7: the rest of the control plane, which ends itself if it finds no API server or none of its roles
./apiserver.sh wait
lap "the API server is ready"
component() { # PROGRAM KUBECONFIG FLAG…
  local program=$1 config=$pki/$2.kubeconfig
  shift 2
  daemon "$program" "$KUBERNETES/bin/$program" --kubeconfig="$config" --authentication-kubeconfig="$config" \
    --authorization-kubeconfig="$config" --bind-address=127.0.0.1 --port=0 --cert-dir="$RUN_DIR/$program" --leader-elect=false \
    --kube-api-qps=500 --kube-api-burst=1000 --profiling=false "$@"
}
component kube-controller-manager controller-manager --service-account-private-key-file="$pki/service-accounts.key" \
  --root-ca-file="$pki/ca.crt" --use-service-account-credentials=true --cluster-signing-cert-file="$pki/ca.crt" \
  --cluster-signing-key-file="$pki/ca.key" --allocate-node-cidrs=false --node-monitor-period=1s
component kube-scheduler scheduler
daemon kube-proxy "$KUBERNETES/bin/kube-proxy" --kubeconfig="$pki/proxy.kubeconfig" --hostname-override="$NODE" --proxy-mode=iptables \
  --cluster-cidr="$POD_CIDR" --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249 \
  --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s
daemon api-for-pods socat "TCP-LISTEN:$API_PORT,bind=$NODE_IP,fork,reuseaddr" "TCP:127.0.0.1:$API_PORT"

# Step 8: ready for pods
node_ready() {
  [ "$(kubectl get node "$NODE" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}/{.spec.taints}')" = True/ ]
}
account_ready() { [ -n "$(kubectl get serviceaccount default -o 'jsonpath={.secrets[0].name}')" ]; }
wait_for 60 node_ready || { log_tail kubelet >&2; fail "the node is not ready after 60 s"; }
wait_for 30 account_ready || { log_tail kube-controller-manager >&2; fail "the namespace has no service account after 30 s"; }
lap "the cluster is up; KUBECONFIG=$KUBECONFIG"
