#!/usr/bin/env bash
# Runs this engine and llama.cpp on the same GGUF file, token ids and threads, turn by turn so that noise hits both, and prints a table.
#   benchmarks/compare.sh MODEL.gguf
# Settings from the environment: THREADS (2), PROMPTS (512,2048), GENERATE (48), ROUNDS (3), REPEAT (2, in each round),
# KV (bf16, ours; llama.cpp has f16), TEXT (a text file for the prompt).
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if [[ $# -ne 1 || ! -f "$1" ]]; then
  echo "usage: benchmarks/compare.sh MODEL.gguf" >&2
  exit 2
fi

model="$(realpath "$1")"
threads="${THREADS:-2}"
prompts="${PROMPTS:-512,2048}"
generate="${GENERATE:-48}"
rounds="${ROUNDS:-3}"
repeat="${REPEAT:-2}"
kv="${KV:-bf16}"
text="${TEXT:-$here/../LICENSE}"
longest="$(tr ',' '\n' <<<"$prompts" | sort -n | tail -1)"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Only the CPU binary, from the npm registry: no install scripts, so nothing else is fetched or compiled. package.json pins the versions.
if [[ ! -d "$here/peer/node_modules/node-llama-cpp" ]]; then
  npm --prefix "$here/peer" install --no-save --no-package-lock --omit=optional --ignore-scripts --no-audit --no-fund >&2
fi

dotnet build -c Release "$here/Throughput" --nologo -v quiet >&2
node "$here/peer/tokens.mjs" "$model" "$text" "$((longest + generate))" >"$work/ids.json"

common=(--tokens "$work/ids.json" --threads "$threads" --prompts "$prompts" --generate "$generate" --repeat "$repeat")
for ((round = 1; round <= rounds; round++)); do
  echo "round $round of $rounds" >&2
  node "$here/peer/bench.mjs" "$model" "${common[@]}" --flash off >>"$work/runs.jsonl"
  dotnet run -c Release --no-build --project "$here/Throughput" -- "$model" "${common[@]}" --kv "$kv" >>"$work/runs.jsonl"
  node "$here/peer/bench.mjs" "$model" "${common[@]}" --flash on >>"$work/runs.jsonl"
done

echo "$(basename "$model"), $threads threads, best of $((rounds * repeat)) repetitions"
echo
node "$here/peer/table.mjs" "$work/runs.jsonl"
