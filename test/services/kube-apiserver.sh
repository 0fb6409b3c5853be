#!/bin/sh
# Builds kube-apiserver for test/services/kubernetes.test.ts, from its Go module: ./kube-apiserver.sh FOLDER, then put
# FOLDER on the PATH. Takes some minutes, 3 GB of the Go caches and a Go of 1.24 or later. etcd is a package of its own
# (Debian: etcd-server).
set -eu
version=${KUBERNETES_VERSION:-1.34.3}
folder=$(mkdir -p "$1" && cd "$1" && pwd)
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
cd "$source"
cat >go.mod <<MOD
module apiserver

go 1.24.0
MOD
go mod download "k8s.io/kubernetes@v$version"
module=$(go env GOMODCACHE)/k8s.io/kubernetes@v$version
# Its own go.mod names folders beside it; the same modules are published as v0.MINOR.PATCH.
{
  echo "require k8s.io/kubernetes v$version"
  echo "replace ("
  sed -nE 's#^[[:space:]]*(k8s\.io/[a-z-]+) => \./staging/.*#\1#p' "$module/go.mod" |
    grep -v '^k8s.io/sample-c' | while read -r one; do echo "	$one => $one v0.${version#1.}"; done
  echo ")"
} >>go.mod
cp "$module/cmd/kube-apiserver/apiserver.go" main.go
go mod tidy
go build -trimpath -ldflags '-s -w' -o "$folder/kube-apiserver" .
"$folder/kube-apiserver" --version
