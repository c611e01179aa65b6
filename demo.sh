#!/bin/bash
# demo.sh [--down]: runs the pipeline in demo/ through pod-executor, each job in its own pod of a real Kubernetes cluster.
#
# On Debian 12 with the .NET SDK, as root, it needs nothing else: it installs Debian packages, builds Kubernetes from Debian's source
# (once, about 6 minutes), brings up a one-node cluster on this machine and leaves it up for the next run. --down ends it.
#
# With KUBECONFIG set it uses that cluster, and these images, which the cluster must be able to pull:
#   DEMO_IMAGE          with make, cc, redis-cli and kubectl (as pex/build:12 of tests/testbed/images.sh)
#   DEMO_REDIS_IMAGE    a Redis server (default: redis:7)
#   DEMO_HELPER_IMAGE   of deploy/images/helper
set -uo pipefail
cd "$(dirname "$(realpath "$0")")"
testbed=$PWD/tests/testbed namespace=pod-executor-demo
LOGS=$PWD/artifacts/demo
given_cluster=${KUBECONFIG:-}
. "$testbed/env.sh"
. "$testbed/steps.sh"

fail() { printf 'demo.sh: %s\n' "$*" >&2; exit 1; }

case ${1:-} in
  '') ;;
  --down) [ -z "$given_cluster" ] || fail "--down ends only the test cluster of this machine: unset KUBECONFIG"; exec "$testbed/down.sh" ;;
  *) sed -n '2s/^# //p' "$0" >&2; exit 2 ;;
esac
command -v dotnet > /dev/null || fail "the .NET 10 SDK is not installed"

if [ -n "$given_cluster" ]; then
  export KUBECONFIG=$given_cluster
  for variable in DEMO_IMAGE DEMO_HELPER_IMAGE; do
    [ -n "${!variable:-}" ] || fail "with KUBECONFIG set, $variable must name an image that the cluster can pull (see the head of this file)"
  done
  command -v kubectl > /dev/null || fail "with KUBECONFIG set, kubectl is needed"
  image=$DEMO_IMAGE helper_image=$DEMO_HELPER_IMAGE redis_image=${DEMO_REDIS_IMAGE:-redis:7}
  gitlab_address=()
  api_for_pods=$(kubectl config view --minify --raw -o 'jsonpath={.clusters[0].cluster.server}')
else
  [ "$(id -u)" = 0 ] || fail "must run as root to bring a cluster up on this machine; or set KUBECONFIG to use another"
  image=pex/build:12 helper_image=pex/helper:dev redis_image=pex/redis:7
  gitlab_address=(--gitlab-address "$NODE_IP")
  api_for_pods=https://$NODE_IP:$API_PORT
  shown_step "Debian packages" "$testbed/install.sh" || exit
  shown_step "Kubernetes" "$testbed/build-kubernetes.sh" || exit
fi

step "pod-executor and pod-agent, native" "$testbed/publish.sh" || exit
driver=$PWD/artifacts/publish/Driver/release_linux-x64/pod-executor
agent=$PWD/artifacts/publish/Agent/release_linux-x64/pod-agent

if [ -z "$given_cluster" ]; then
  shown_step "Images" "$testbed/images.sh" || exit
  shown_step "Cluster" "$testbed/up.sh" || exit
  shown_step "Registries" "$testbed/registry.sh" up || exit
  shown_step "Helper image" "$testbed/helper-image.sh" "$agent" || exit
fi

# The deploy job gets its kubeconfig from a mounted Secret.
step "Namespace and the deploy job's Secret" demo/deploy-secret.sh $namespace "$api_for_pods" || exit

# The pipeline lives in a git repository of its own, as a project's does.
project=$PWD/artifacts/demo/project
make_project() {
  rm -rf "$project" \
    && mkdir -p "$project" \
    && cp -r demo/{.gitlab-ci.yml,Makefile,src} "$project/" \
    && echo hello > "$project/.gitignore" \
    && sed -i -e "s#pex/build:12#$image#" -e "s#pex/redis:7#$redis_image#" "$project/.gitlab-ci.yml" \
    && git -C "$project" -c init.defaultBranch=main init -q \
    && git -C "$project" add . \
    && git -C "$project" -c user.name=demo -c user.email=demo@localhost commit -q -m 'A program in C'
}
step "The project's git repository" make_project || exit
options=$PWD/demo/executor.toml
sed -e "s#@KUBECONFIG@#$KUBECONFIG#" -e "s#@NAMESPACE@#$namespace#" -e "s#@IMAGE@#$image#" -e "s#@HELPER_IMAGE@#$helper_image#" \
  demo/executor.template.toml > "$options"

printf '%s==> %s%s\n' "$STEP_BOLD" "The pipeline: pod-executor --config demo/executor.toml try ${project#"$PWD"/}/.gitlab-ci.yml" "$STEP_PLAIN"
"$driver" --config "$options" try "$project/.gitlab-ci.yml" "${gitlab_address[@]}"
code=$?
if [ -z "$given_cluster" ]; then printf '\nThe cluster is up (KUBECONFIG=%s). ./demo.sh runs again in seconds, ./demo.sh --down ends it.\n' "$KUBECONFIG"; fi
exit $code
