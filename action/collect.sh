#!/usr/bin/env bash
# Collects what a failed run is understood by: the service's log and state, and a report of each job. Then the service
# ends. The directory is LINARITE_REPORT_DIR; its files hold no keys.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
place=${RUNNER_TEMP:-${AGENT_TEMPDIRECTORY:-${TMPDIR:-/tmp}}}
LINARITE_ENV_FILE=${LINARITE_ENV_FILE:-$PWD/linarite.env}
. "$here/platform.sh"
# Elsewhere each step is a shell of its own.
[ "$platform" != other ] || [ -n "${LINARITE_DATA_DIR:-}" ] || [ ! -r "$LINARITE_ENV_FILE" ] || . "$LINARITE_ENV_FILE"
[ -n "${LINARITE_DATA_DIR:-}" ] && [ -n "${LINARITE_ACTION_PROGRAM:-}" ] || fail 'LINARITE_DATA_DIR is not set: a step before has to start the service (start.sh), in the same job'
[ -d "$LINARITE_DATA_DIR" ] || fail "there is no data directory $LINARITE_DATA_DIR: the service has been purged, or never was there"
linarite() { "$LINARITE_ACTION_PROGRAM" "$@"; }

report=${LINARITE_REPORT_DIR:-$place/linarite-report}
mkdir -p "$report/jobs"
# Each is tried: a service that has died is why some look here.
linarite logs --data-dir "$LINARITE_DATA_DIR" --lines 100000 >"$report/service.log" 2>&1 || true
linarite status --data-dir "$LINARITE_DATA_DIR" >"$report/status.txt" 2>&1 || true
# The variables of a client may name another account by now.
unset AZURE_BATCH_ENDPOINT AZURE_BATCH_ACCOUNT AZURE_BATCH_ACCESS_KEY
export LINARITE_DATA_DIR
jobs=0
if linarite pool list -o table >"$report/pools.txt" 2>&1 && linarite job list -o table >"$report/jobs.txt" 2>&1; then
  while IFS= read -r job; do
    jobs=$((jobs + 1))
    # An id may hold what a file's name may not on all systems.
    file=$report/jobs/$(printf '%s' "$job" | tr -c 'A-Za-z0-9._\n-' '_')
    linarite job report "$job" --file "$file.html" >/dev/null 2>"$file.error.txt" && rm -f "$file.error.txt" || true
    linarite task list "$job" --failed -o table >"$file.failed.txt" 2>&1 || true
    [ -s "$file.failed.txt" ] || rm -f "$file.failed.txt"
  done < <(linarite job list -o id)
fi
if [ "$platform" = github ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  {
    printf '### Linarite: %s job%s\n\n```\n' "$jobs" "$([ "$jobs" = 1 ] || echo s)"
    cat "$report/jobs.txt"
    for file in "$report"/jobs/*.failed.txt; do [ ! -e "$file" ] || { printf '\n'; cat "$file"; }; done
    printf '```\n'
  } >>"$GITHUB_STEP_SUMMARY"
fi
[ "${LINARITE_ACTION_KEEP_RUNNING:-false}" = true ] || linarite down --data-dir "$LINARITE_DATA_DIR" || true
result directory "$report"
echo "collected $jobs job$([ "$jobs" = 1 ] || echo s) in $report"
