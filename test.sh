#!/usr/bin/env bash
# Builds everything and runs every test. The last line is the sum over all test projects, read from their result files.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

tests/install-redis.sh
tests/install-chromium.sh
tests/install-k8s-schemas.sh

dotnet build KVCluster.sln -c Release || { echo "the build failed" >&2; exit 1; }

status=0
for project in tests/*.Tests/*.csproj tests/*.Conformance/*.csproj; do
    name=$(basename "$project" .csproj)
    dotnet test "$project" -c Release --no-build --results-directory "$results" --logger "trx;LogFileName=$name.trx" "$@" || status=1
done

passed=0 failed=0 skipped=0
for file in "$results"/*.trx; do
    [ -f "$file" ] || continue
    counters=$(grep -o '<Counters [^>]*>' "$file")
    number() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
    total=$(number total) executed=$(number executed) p=$(number passed)
    passed=$((passed + p))
    failed=$((failed + executed - p))
    skipped=$((skipped + total - executed))
done

# A project that crashed leaves no result file, or none of its tests: never let that look like success.
[ "$passed" -gt 0 ] || status=1
[ "$failed" -eq 0 ] || status=1
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1

if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
exit "$status"
