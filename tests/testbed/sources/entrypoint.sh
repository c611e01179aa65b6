#!/bin/sh
# An image's own way in: leaves a mark, then becomes the command.
echo "entrypoint ran with: $*" > /tmp/entrypoint-ran
exec "$@"
