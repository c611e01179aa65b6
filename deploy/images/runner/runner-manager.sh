#!/bin/sh
# runner-manager: what the manager's container runs. Makes gitlab-runner's configuration of the mounted one and becomes gitlab-runner.
#   RUNNER_CONFIG_TEMPLATE  the mounted one (default /config/config.toml)
#   RUNNER_CONFIG           the one that gitlab-runner reads (default /etc/gitlab-runner/config.toml); it may be in memory
# A value  token = "file:/path"  is replaced by the first line of that file, so that a token can live in a Secret of its own.
set -eu
template=${RUNNER_CONFIG_TEMPLATE:-/config/config.toml}
config=${RUNNER_CONFIG:-/etc/gitlab-runner/config.toml}
fail() { echo "runner-manager: $*" >&2; exit 1; }
[ -r "$template" ] || fail "cannot read $template: mount gitlab-runner's configuration there"

umask 077
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    *token*=*\"file:*\"*)
      before=${line%%\"file:*}
      rest=${line#*\"file:}
      file=${rest%%\"*}
      [ -r "$file" ] || fail "cannot read $file, which $template names for a token: is the Secret mounted?"
      token=
      IFS= read -r token < "$file" || [ -n "$token" ] || fail "$file is empty: it must hold the runner's authentication token"
      case $token in *\"* | *\\*) fail "$file holds no token: quotes and backslashes are in none" ;; esac
      printf '%s"%s"%s\n' "$before" "$token" "${rest#*\"}" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < "$template" > "$config.part"
mv "$config.part" "$config"

# as process 1 (or dumb-init's only child): it gets SIGQUIT and reaps its executors
exec gitlab-runner run --config "$config" --working-directory "${RUNNER_WORKING_DIRECTORY:-/tmp}"
