// Reads lines of JSON (one run of one engine each) and prints tokens/s and ratios as a Markdown table. An engine's figure is the best of
// its runs; the ratio is taken against the better of llama.cpp's two attention paths, so it is the least favourable one.
// node table.mjs runs.jsonl
import fs from "node:fs";

const peerEngine = "llama.cpp";
const measures = ["prefill", "decode"];

function describe(run) {
  const flash = run.engine === peerEngine ? `, flash attention ${run.flashAttention ? "on" : "off"}` : "";
  return `${run.engine} (KV ${run.kv}${flash})`;
}

/** Best figures per engine and setting, in order of first appearance. */
function best(runs) {
  const engines = new Map();
  for (const run of runs) {
    const name = describe(run);
    const entry = engines.get(name) ?? { name, peer: run.engine === peerEngine, prefill: {}, decode: {} };
    for (const measure of measures) {
      for (const [tokens, rate] of Object.entries(run[measure])) {
        if (!(rate > 0)) {
          throw new Error(`${name}: ${measure} at ${tokens} tokens is ${rate}, not a rate`);
        }

        entry[measure][tokens] = Math.max(entry[measure][tokens] ?? 0, rate);
      }
    }

    engines.set(name, entry);
  }

  return [...engines.values()];
}

function row(cells) {
  return `| ${cells.join(" | ")} |`;
}

function table(runs) {
  const engines = best(runs);
  const peers = engines.filter((each) => each.peer);
  const ours = engines.filter((each) => !each.peer);
  if (peers.length === 0 || ours.length === 0) {
    throw new Error("needs at least one run of llama.cpp and one of the other engine");
  }

  const lines = [
    row(["tokens/s", ...engines.map((each) => each.name), ...ours.map((each) => `${each.name} / llama.cpp`)]),
    row(["---", ...engines.map(() => "---:"), ...ours.map(() => "---:")]),
  ];
  for (const measure of measures) {
    for (const tokens of Object.keys(peers[0][measure])) {
      const rates = engines.map((each) => each[measure][tokens]);
      const missing = engines.find((_, i) => rates[i] === undefined);
      if (missing) {
        throw new Error(`${missing.name} has no ${measure} at ${tokens} tokens`);
      }

      const peer = Math.max(...peers.map((each) => each[measure][tokens]));
      const label = measure === "prefill" ? `prefill ${tokens}` : `decode at ${tokens}`;
      lines.push(row([
        label, ...rates.map((rate) => rate.toFixed(1)), ...ours.map((each) => `${(each[measure][tokens] / peer).toFixed(2)}x`),
      ]));
    }
  }

  return lines.join("\n");
}

function read(path) {
  const runs = fs.readFileSync(path, "utf8").split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
  const threads = new Set(runs.map((each) => each.threads));
  if (threads.size !== 1) {
    throw new Error(`runs with different thread counts cannot be compared: ${[...threads].join(", ")}`);
  }

  return runs;
}

try {
  if (process.argv.length !== 3) {
    throw new Error("usage: node table.mjs runs.jsonl");
  }

  console.log(table(read(process.argv[2])));
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
