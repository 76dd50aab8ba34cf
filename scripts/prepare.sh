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

# Runs a step without a word, and shows what it said if it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || { echo "$output" >&2; say "failed: $*"; exit 1; }
}

install_packages() {
  installed && return
  say 'installing packages (once)'
  quietly npm --prefix "$root" ci --include=dev --include=optional --no-audit --no-fund
  cksum <"$root/package-lock.json" >"$root/node_modules/.linarite-lock"
}

build() {
  built && return
  say 'building'
  # Stamped with the time before the build: what is saved meanwhile is built next time.
  touch "$root/.building"
  quietly npm --prefix "$root" run --silent build
  mv "$root/.building" "$root/dist/.built"
}

# Two at once must not get in each other's way; where there is no flock (macOS) they take that risk.
prepare() {
  installed && built && return
  [ -w "$root" ] || { say "$root has to be installed or built, which its owner has to do: you may not write there"; exit 1; }
  if command -v flock >/dev/null; then
    exec 9>"$root/.preparing"
    flock 9
    install_packages
    build
    exec 9>&-
  else
    install_packages
    build
  fi
}
