#!/bin/bash
# helper-image.sh AGENT_BINARY: makes the helper image with this agent and puts it into the cluster as pex/helper:dev.
# About 15 s the first time, one second when only the agent is another.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/env.sh"
[ $# = 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
"$here/../../deploy/images/helper/from-debian.sh" "$IMAGES/helper.tar" "$1" pex/helper:dev
"$here/load-image.sh" "$IMAGES/helper.tar"
