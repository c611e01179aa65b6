# Names everything that the test cluster writes or listens on. Sourced by the other scripts, never run.

CACHE=${POD_EXECUTOR_CACHE:-$HOME/.cache/pod-executor}   # may be deleted at any time: all of it is made again
KUBERNETES_VERSION=1.20.2                                # what Debian 12 has the source of
KUBERNETES=$CACHE/kubernetes-$KUBERNETES_VERSION         # bin/: the servers and kubectl
IMAGES=$CACHE/images                                     # image archives and their layers
TESTBED=$CACHE/testbed                                   # keys, kubeconfigs, logs, pid files, containerd's and the registries' stores

RUN_DIR=/run/pod-executor-testbed                        # sockets: their paths must be short
ETCD_DATA=/dev/shm/pod-executor-etcd                     # in memory: no waiting for fsync
CGROUP=/pod-executor-testbed                             # parent of every pod's cgroup

NODE=node1
BRIDGE=pex0
FENCE=PEX-FENCE                                          # the iptables chain that keeps pods on this machine
POD_CIDR=10.244.0.0/24
NODE_IP=10.244.0.1                                       # the bridge's address, so nothing depends on the real network
SERVICE_CIDR=10.96.0.0/16
SERVICE_IP=10.96.0.1                                     # the API server's, as pods see it

API_PORT=16443                                           # on 127.0.0.1 and, for pods, on NODE_IP
ETCD_PORT=23790                                          # and the next one
REGISTRY_PORT=15000                                      # anyone may pull
PRIVATE_REGISTRY_PORT=15001                              # asks for the login below
PRIVATE_REGISTRY_HOST=private.registry.test              # the name that pods' images use for it
TLS_REGISTRY_PORT=15002                                  # the same login, TLS with an authority of its own
TLS_REGISTRY_HOST=tls.registry.test                      # the name in its certificate, beside 127.0.0.1
TOKEN_REGISTRY_PORT=15003                                # bearer tokens, as GitLab's registry wants them
TOKEN_SERVER_PORT=15004                                  # who hands them out
REGISTRY_USER=ci
REGISTRY_PASSWORD=registry-password
S3_PORT=17480                                            # on 127.0.0.1 and, for pods, on NODE_IP
S3_TLS_PORT=17481                                        # the same with TLS
S3_MON_PORT=17490                                        # and the next one
S3_ACCESS_KEY=ci-cache
S3_SECRET_KEY=cache-secret-of-the-testbed
S3_DATA=/dev/shm/pod-executor-s3                         # settings and sockets; the objects are in the store's memory
S3_AUTHORITY=$S3_DATA/ca.crt                             # who signed its certificate

BUILDKIT_HOME=$CACHE/buildkit                            # buildkit.sh: unpacked Docker daemons, their stores, keys, logs
BUILDKIT_RUN=/run/pod-executor-buildkit                  # their sockets
HARBOR_IP=127.29.78.1                                    # harbor.local.com, as the builders see it
BUILDKIT_BRIDGE=pexbk0                                   # what RUN steps are connected to: leads nowhere but to this machine
BUILDKIT_BRIDGE_IP=172.29.78.1

HARBOR_HOST=harbor.local.com                             # harbor.sh: a registry with TLS and a login, on NODE_IP:443
HARBOR_USER=admin
HARBOR_PASSWORD=harbor-password

AUDIT_LOG=$TESTBED/log/audit.log                         # one JSON line per API request, Metadata level
CONTAINERD_SOCKET=$RUN_DIR/containerd.sock
export KUBECONFIG=$TESTBED/kubeconfig
export PATH=$KUBERNETES/bin:$PATH
BUILDKIT_HOME=$CACHE/buildkit                            # buildkit.sh: unpacked Docker daemons, their stores, keys, logs
BUILDKIT_RUN=/run/pod-executor-buildkit                  # their sockets
BUILDKIT_BRIDGE=pexbk0                                   # what RUN steps are connected to: leads nowhere but to this machine
BUILDKIT_BRIDGE_IP=172.29.78.1
