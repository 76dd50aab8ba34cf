#!/bin/bash
# Builds the Kubernetes API server and scheduler that the tests drive, from Debian's source package: about five minutes
# on two cores, once. Usage: scripts/build-kubernetes.sh DIRECTORY; then LINARITE_KUBERNETES=DIRECTORY ./check.
# Needs apt with a registry, dpkg-dev, and Debian's golang-1.19-go; etcd comes from the package etcd-server.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
mkdir -p "$1/bin" "$1/apt/partial"
cache=$(cd "$1" && pwd)
[ -x "$cache/bin/kube-apiserver" ] && [ -x "$cache/bin/kube-scheduler" ] && { echo "$cache/bin has both already"; exit 0; }
go=${GO:-/usr/lib/go-1.19/bin/go}
"$go" version >/dev/null || { echo "Go 1.19 is missing: apt-get install golang-1.19-go, or GO=/path/to/go" >&2; exit 1; }

# The machine's own lists may have no sources: this directory has lists of its own.
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(find /etc/apt/sources.list* -type f -exec sed -nE 's/^(URIs:|deb(\s+\[[^]]*\])?)\s+(\S+debian)\/?(\s.*)?$/\3/p' {} + | sort -u | sed -n 1p)
echo "deb-src $mirror $release main" > "$cache/sources.list"
own=(-o "Dir::Etc::sourcelist=$cache/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$cache/apt" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
apt-get "${own[@]}" -qq update
export GOPATH="$cache/go" GOCACHE="$cache/gocache" GO111MODULE=off GOPROXY=off CGO_ENABLED=0 GOFLAGS= GOTOOLCHAIN=local
tree="$GOPATH/src/k8s.io/kubernetes"
if [ ! -d "$tree" ]; then
  (cd "$cache" && apt-get "${own[@]}" -qq source --download-only kubernetes)
  mkdir -p "$(dirname "$tree")"
  dpkg-source -x "$cache"/kubernetes_*.dsc "$tree"
fi
cd "$tree"

# One generated file is not in the package.
if [ ! -f pkg/generated/openapi/zz_generated.openapi.go ]; then
  "$go" build -o "$cache/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  tagged=$(grep -rl --include=*.go '+k8s:openapi-gen=' pkg cmd staging/src/k8s.io | xargs -n1 dirname | sort -u \
    | grep -v -e code-generator -e sample-apiserver | sed -e 's,^staging/src/,k8s.io/kubernetes/vendor/,' -e 't' -e 's,^,k8s.io/kubernetes/,' | paste -sd,)
  "$cache/openapi-gen" -i "$tagged" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi -h hack/boilerplate/boilerplate.generatego.txt -r "$cache/openapi-report.txt"
fi
version=k8s.io/kubernetes/vendor/k8s.io/component-base/version
for program in kube-apiserver kube-scheduler; do
  "$go" build -p 2 -trimpath -ldflags "-s -w -X $version.gitVersion=v1.20.2 -X $version.gitMajor=1 -X $version.gitMinor=20" -o "$cache/bin/" "./cmd/$program"
done
# The tree and the compiler's cache are ten times the programs.
rm -rf "$GOPATH" "$GOCACHE" "$cache/openapi-gen" "$cache/apt"
ls -l "$cache/bin"
