#!/usr/bin/env bash
# Starts a service and exports how clients connect. Options are variables (LINARITE_ACTION_…), as action.yml has them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
place=${RUNNER_TEMP:-${AGENT_TEMPDIRECTORY:-${TMPDIR:-/tmp}}}
LINARITE_ENV_FILE=${LINARITE_ENV_FILE:-$PWD/linarite.env}
. "$here/platform.sh"

case $(uname -s) in
  Linux | Darwin) ;;
  *) fail "runs on Linux and macOS, this runner is $(uname -s): say runs-on: ubuntu-latest, or vmImage: ubuntu-latest" ;;
esac
command -v node >/dev/null || fail 'Node.js 20.19 or newer is missing: set node-version, or install it in a step before'
IFS=. read -r major minor _ <<<"$(node --version | tr -d v)"
[ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } || fail "Node.js 20.19 or newer is needed, this is $(node --version): set node-version"
command -v npm >/dev/null || fail 'npm is missing: it comes with Node.js of setup-node'
[ -d "$place" ] && [ -w "$place" ] || fail "$place is no directory that may be written to: it is where the service is installed and has its data"
port=${LINARITE_ACTION_PORT:-10800}
case $port in *[!0-9]*) fail "port is no number: $port" ;; esac
seed=${LINARITE_ACTION_SEED:-}
[ -z "$seed" ] || [ -r "$seed" ] || fail "the seed $seed is not there: check the repository out in a step before"
data=${LINARITE_ACTION_DATA_DIR:-$place/linarite-data}

package=${LINARITE_ACTION_PACKAGE:-}
if [ -n "$package" ]; then
  npm install --silent --no-audit --no-fund --prefix "$place/linarite-program" "$package" || fail "npm could not install $package"
  programs=$place/linarite-program/node_modules/.bin
  [ -x "$programs/linarite" ] || fail "$package has no program linarite"
else
  checkout=$(dirname "$here")
  [ -x "$checkout/linarite" ] || fail "there is no checkout of Linarite around $here: set package"
  programs=$place/linarite-program
  mkdir -p "$programs"
  ln -sfn "$checkout/linarite" "$programs/linarite"
fi

words=(up --detach --data-dir "$data" --port "$port")
[ -z "$seed" ] || words+=(--seed "$seed")
# Words, as a shell's.
[ -z "${LINARITE_ACTION_OPTIONS:-}" ] || eval "words+=($LINARITE_ACTION_OPTIONS)"
# The link to the page is for whoever started it, and signs a browser in.
"$programs/linarite" "${words[@]}" >"$place/linarite-start.txt" || fail 'the service did not start, for the reason above'
rm -f "$place/linarite-start.txt"

printf '%s' '' >>"$LINARITE_ENV_FILE" 2>/dev/null || [ "$platform" != other ] || fail "$LINARITE_ENV_FILE cannot be written"
[ "$platform" != other ] || { : >"$LINARITE_ENV_FILE"; chmod 600 "$LINARITE_ENV_FILE"; }
environment=$("$programs/linarite" env --data-dir "$data" --format json)
read_environment='for (const [name, value] of Object.entries(JSON.parse(require("node:fs").readFileSync(0, "utf8")))) console.log(`${name}=${value}`)'
while IFS= read -r line; do
  name=${line%%=*} value=${line#*=}
  case $name in
    *KEY | *CONNECTION_STRING) secret "$name" "$value" ;;
    *) variable "$name" "$value" ;;
  esac
  case $name in
    AZURE_BATCH_ENDPOINT) result endpoint "$value" ;;
    AZURE_BATCH_ACCOUNT) result account "$value" ;;
    LINARITE_MANAGEMENT_ENDPOINT) result management-endpoint "$value" ;;
    LINARITE_CA_FILE) result ca-file "$value" ;;
  esac
done < <(node -e "$read_environment" <<<"$environment")
variable LINARITE_DATA_DIR "$data"
variable LINARITE_ACTION_PROGRAM "$programs/linarite"
result data-dir "$data"
case $platform in
  github) [ -z "${GITHUB_PATH:-}" ] || printf '%s\n' "$programs" >>"$GITHUB_PATH" ;;
  azure) printf '##vso[task.prependpath]%s\n' "$programs" ;;
  other) printf "export PATH='%s':\"\$PATH\"\n" "$programs" >>"$LINARITE_ENV_FILE" ;;
esac
echo "linarite is ready; its clients find it by the variables AZURE_BATCH_… and AZURE_STORAGE_…"
