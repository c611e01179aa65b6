#!/bin/bash
# Builds the Kubernetes servers and kubectl from Debian's source package into $KUBERNETES/bin: about 6 minutes on two cores.
# A run that was stopped goes on where it was; the result appears under its name only when all of it is there.
set -euo pipefail
cd "$(dirname "$0")"; . ./env.sh; . ./lib.sh

programs=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl)
[ ! -d "$KUBERNETES" ] || { echo "Kubernetes $KUBERNETES_VERSION is built: $KUBERNETES/bin"; exit 0; }

work=$KUBERNETES.work           # thrown away at the end: 3 GB
mkdir -p "$work"/{result/bin,tools,apt/lists/partial,apt/cache/archives/partial}
exec 8> "$work/lock"
flock 8                         # a second builder waits and finds the work done
[ ! -d "$KUBERNETES" ] || exit 0
log=$work/build.log
trap '[ $? = 0 ] || { tail -n 15 "$log" >&2; echo "build-kubernetes.sh: failed; the whole log is $log" >&2; }' EXIT

steps=$(( 3 + ${#programs[@]} )) step=0
# stage NAME COMMAND…: a numbered step that is done once
stage() {
  local name=$1 begin=$SECONDS; shift
  step=$(( step + 1 ))
  if [ -e "$work/done.${name// /-}" ]; then
    lap "[$step/$steps] $name: was done before"
    return
  fi
  lap "[$step/$steps] $name …"
  "$@" >> "$log" 2>&1 8>&-
  touch "$work/done.${name// /-}"
  lap "[$step/$steps] $name: $(( SECONDS - begin )) s"
}

# where this machine's packages come from: any of Debian's mirrors also has the sources
debian_mirror() {
  local uri
  uri=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2> /dev/null) || true
  [ -n "$uri" ] || uri=$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' /etc/apt/sources.list)
  echo "$uri"
}

fetch_source() {
  local own=(-o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
             -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o Acquire::Retries=3 -o APT::Sandbox::User=root)
  printf 'deb%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s bookworm main\n' \
    '' "$(debian_mirror)" -src "$(debian_mirror)" > "$work/apt/sources.list"
  cd "$work"
  rm -rf source reflect2
  apt-get -q "${own[@]}" update
  apt-get -q "${own[@]}" source --download-only kubernetes
  dpkg-source -x kubernetes_1.20*.dsc source
  # The vendored reflect2 is older than Go 1.18 and does not link with it: Debian's own package does.
  apt-get -q "${own[@]}" download golang-github-modern-go-reflect2-dev
  dpkg -x golang-github-modern-go-reflect2-dev_*.deb reflect2
  local vendored=source/vendor/github.com/modern-go/reflect2
  rm -f $vendored/*.go $vendored/*.s
  cp reflect2/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} $vendored/
  rm -f $vendored/*_test.go
  # Go finds it as k8s.io/kubernetes
  mkdir -p go/src/k8s.io
  ln -sfn "$work/source" go/src/k8s.io/kubernetes
}

export GOPATH=$work/go GOCACHE=$work/gocache GO111MODULE=off CGO_ENABLED=0 GOFLAGS=
tree=$GOPATH/src/k8s.io/kubernetes

# the one generated file that Debian's source package lacks
generate_openapi() {
  cd "$tree"
  go build -o "$work/tools/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  local packages
  packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg cmd staging/src | grep -v '_test\.go$' | grep -vE 'code-generator|sample-' \
    | xargs -n1 dirname | sed -e 's#^staging/src/#vendor/#' -e 's#^#k8s.io/kubernetes/#' | sort -u | paste -sd,)
  "$work/tools/openapi-gen" --logtostderr -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations.report"
}

# both packages, each with and without the vendor prefix, or /version is half empty
version_flags() {
  local package prefix
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    for prefix in '' k8s.io/kubernetes/vendor/; do
      printf -- '-X %s.gitVersion=v%s ' "$prefix$package" "$KUBERNETES_VERSION"
      printf -- '-X %s.gitMajor=1 -X %s.gitMinor=20 -X %s.gitTreeState=clean ' "$prefix$package"{,,}
    done
  done
}

build() {
  cd "$tree"
  nice go build -trimpath -ldflags "-s -w $(version_flags)" -o "$work/tools/$1" "./cmd/$1"
  mv "$work/tools/$1" "$work/result/bin/$1"
}

lap "building Kubernetes $KUBERNETES_VERSION, once, in about 6 minutes (log: $log)"
stage source fetch_source
stage openapi generate_openapi
for program in "${programs[@]}"; do stage "$program" build "$program"; done
publish() {
  "$work/result/bin/kubectl" version --client
  mv "$work/result" "$KUBERNETES"
}
stage publish publish
chmod -R u+w "$work"
rm -rf "$work"
lap "Kubernetes is built: $(du -sh "$KUBERNETES" | cut -f1) in $KUBERNETES/bin"
