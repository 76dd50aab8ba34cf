#!/bin/sh
# Run as root while the container's image is made. PACKAGE and PORT are the feature's options.
set -eu
say() { echo "linarite: $*" >&2; exit 1; }
command -v node >/dev/null || say 'Node.js 20.19 or newer is missing: add the feature node before this one'
command -v npm >/dev/null || say 'npm is missing: add the feature node before this one'
case ${PORT:=10800} in *[!0-9]*) say "port is no number: $PORT" ;; esac
npm install --global --no-audit --no-fund "${PACKAGE:-linarite}"
user=${_REMOTE_USER:-root}
place=${LINARITE_FEATURE_PREFIX:-}
mkdir -p "$place/var/lib/linarite" "$place/usr/local/bin" "$place/etc/profile.d"
chown "$user" "$place/var/lib/linarite"
printf '#!/bin/sh\n# Starts the service of this container, or says that it runs already.\nexec linarite up --detach --port %s\n' "$PORT" >"$place/usr/local/bin/linarite-start"
chmod 755 "$place/usr/local/bin/linarite-start"
# Each new shell knows how clients connect, once the service runs.
printf 'command -v linarite >/dev/null && eval "$(linarite env 2>/dev/null)"\n' >"$place/etc/profile.d/linarite.sh"
