#!/usr/bin/env bash
# Fetches the schemas that manifests are checked by (tests/K8s.Tests/Schemas/package.json) into artifacts/k8s-schemas. Without them, or without node, those tests skip.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=artifacts/k8s-schemas
cmp -s tests/K8s.Tests/Schemas/package.json "$home/package.json" && [ -d "$home/node_modules/typescript" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "npm is not here: tests of the manifests against Kubernetes' schemas skip" >&2
    exit 0
fi

mkdir -p "$home"
cp tests/K8s.Tests/Schemas/package.json "$home/package.json"
if ! npm install --prefix "$home" --no-audit --no-fund --no-package-lock --ignore-scripts --silent >/dev/null; then
    rm -rf "$home"
    echo "the schema packages could not be fetched: tests of the manifests against Kubernetes' schemas skip" >&2
fi
exit 0
