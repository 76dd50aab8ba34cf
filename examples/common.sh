# Sourced by each ./run of an example. Goes into its directory; what is put out belongs where the caller is.

export EXAMPLE_CALLER=${EXAMPLE_CALLER:-$PWD}
cd "$(dirname "$0")"
linarite=../../linarite

# need PROGRAM PACKAGE: ends with what is missing and how to get it.
need() {
  command -v "$1" >/dev/null && return
  echo "this example needs $1: apt-get install $2 (Debian, Ubuntu), or see https://packages.debian.org/$2" >&2
  exit 2
}

# A path as the caller means it.
absolute() {
  case $1 in /*) echo "$1" ;; *) echo "$EXAMPLE_CALLER/$1" ;; esac
}

# With no account named, the script runs once more, with a service of its own around it: on_a_service [--clock virtual] "$0" "$@"
on_a_service() {
  [ -n "${AZURE_BATCH_ACCOUNT:-}" ] || exec ../with-service.mjs "$@"
}
