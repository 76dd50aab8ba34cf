# Sourced by ./linarite and ./check with $root set: installs packages and builds when something is missing or stale, silent otherwise.

say() { echo "linarite: $*" >&2; }

need_node() {
  local version major minor
  command -v node >/dev/null || { say 'Node.js 20.19 or newer is needed: https://nodejs.org'; exit 1; }
  version=$(node --version)
  IFS=. read -r major minor _ <<<"${version#v}"
  [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } || { say "Node.js 20.19 or newer is needed, this is $version"; exit 1; }
}

# What was installed is known by the lock file's checksum; packages that somebody installed by hand later than that are fine as well,
# and so are those of another clone, linked in.
installed() {
  local stamp=$root/node_modules/.linarite-lock
  [ -e "$root/node_modules" ] || return 1
  [ -L "$root/node_modules" ] && return 0
  [ -e "$stamp" ] && { [ "$(cat "$stamp")" = "$(cksum <"$root/package-lock.json")" ]; return; }
  [ -e "$root/node_modules/.package-lock.json" ] && [ ! "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]
}

built() {
  [ -e "$root/dist/.built" ] &&
    [ -z "$(find "$root/src" "$root/scripts" "$root"/package*.json "$root"/tsconfig*.json -newer "$root/dist/.built" -print -quit)" ]
}

# Runs a step and says for how long already: in place on a terminal, a line each 15 seconds elsewhere. Shows what the step said if it fails.
step() {
  local what=$1 output child began=$SECONDS told=0 elapsed
  shift
  say "$what"
  output=$(mktemp)
  "$@" >"$output" 2>&1 &
  child=$!
  trap 'kill "$child" 2>/dev/null; rm -f "$output"' EXIT
  while kill -0 "$child" 2>/dev/null; do
    elapsed=$((SECONDS - began))
    if [ "$elapsed" -gt "$told" ] && { [ -t 2 ] || [ $((elapsed - told)) -ge 15 ]; }; then
      told=$elapsed
      if [ -t 2 ]; then printf '\rlinarite: %s, %d s' "$what" "$elapsed" >&2; else say "$what, $elapsed s so far"; fi
    fi
    sleep 0.2
  done
  [ ! -t 2 ] || [ "$told" -eq 0 ] || printf '\n' >&2
  wait "$child" || { cat "$output" >&2; say "failed: $*"; exit 1; }
  trap - EXIT
  rm -f "$output"
}

install_packages() {
  installed && return
  step 'installing packages (once)' npm --prefix "$root" ci --include=dev --include=optional --no-audit --no-fund
  cksum <"$root/package-lock.json" >"$root/node_modules/.linarite-lock"
}

build() {
  built && return
  # Stamped with the time before the build: what is saved meanwhile is built next time.
  touch "$root/.building"
  step building npm --prefix "$root" run --silent build
  mv "$root/.building" "$root/dist/.built"
}

# Two at once must not get in each other's way; where there is no flock (macOS) they take that risk. The arguments are those of the command that is about to run.
prepare() {
  installed && built && return
  [ -w "$root" ] || { say "$root has to be installed or built, which its owner has to do: you may not write there"; exit 1; }
  # Told before minutes of work, not after.
  node "$root/scripts/port.mjs" "$@" || exit
  # The lock is the directory itself: nothing to leave behind.
  if command -v flock >/dev/null; then
    exec 9<"$root"
    flock 9
    install_packages
    build
    exec 9<&-
  else
    install_packages
    build
  fi
}
