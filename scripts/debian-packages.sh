# Debian's packages that the client tests drive. Sourced by ./check: installs what is missing where it may, and says what it leaves out otherwise.
DEBIAN_PACKAGES="gcc libc6-dev openmpi-bin libopenmpi-dev azure-cli python3-azure ffmpeg podman runc crun busybox-static openssh-client openssh-server slirp4netns chromium slurm-wlm"

debian_packages() {
  local missing="" package output
  for package in $DEBIAN_PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed, so the tests that need them are skipped:$missing"
    return 0
  fi
  echo "installing Debian's$missing"
  # Whoever knew the name in /tmp could have put a link there.
  output=$(mktemp)
  if ! { apt-get update -qq && install_quietly $missing; } >"$output" 2>&1; then
    tail -n 5 "$output"
    # One that this release of Debian lacks keeps the others away.
    if grep -q -e 'Unable to locate package' -e 'no installation candidate' "$output"; then
      for package in $missing; do install_quietly "$package" >"$output" 2>&1 && missing=${missing/ $package/}; done
    fi
    [ -z "$missing" ] || echo "could not be installed, so the tests that need them are skipped:$missing"
  fi
  rm -f "$output"
}

# None of their services is started: an sshd that listens to the world is nobody's wish here.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d made="" status=0
  if [ ! -e "$policy" ] && printf '#!/bin/sh\nexit 101\n' 2>/dev/null >"$policy"; then chmod 755 "$policy" && made=1; fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" || status=$?
  [ -z "$made" ] || rm -f "$policy"
  return $status
}
