#!/bin/sh
# A web server that shows whether a service's variables arrived: serves $WEB_TEXT on $WEB_PORT.
mkdir -p /tmp/www
printf '%s\n' "${WEB_TEXT:-no WEB_TEXT was set}" > /tmp/www/index.html
exec httpd -f -p "${WEB_PORT:-8000}" -h /tmp/www
