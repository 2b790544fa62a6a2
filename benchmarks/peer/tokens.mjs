// Writes token ids of real text for both benchmark programs: node tokens.mjs MODEL.gguf TEXT_FILE COUNT > ids.json
// The text is repeated as often as needed.
import fs from "node:fs";
import { parse, positiveInteger } from "./arguments.mjs";
import { open } from "./peer.mjs";

try {
  const { positional } = parse(process.argv.slice(2), {});
  if (positional.length !== 3) {
    throw new Error("usage: node tokens.mjs MODEL.gguf TEXT_FILE COUNT");
  }

  const [modelPath, textPath, count] = positional;
  const ids = await tokenize(modelPath, fs.readFileSync(textPath, "utf8"), positiveInteger(count, "COUNT"));
  process.stdout.write(`${JSON.stringify(ids)}\n`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}

async function tokenize(modelPath, text, count) {
  const { llama, model } = await open(modelPath, 1);
  try {
    const once = model.tokenize(text);
    if (once.length === 0) {
      throw new Error("the text has no tokens");
    }

    return Array.from({ length: count }, (_, i) => once[i % once.length]);
  } finally {
    await llama.dispose();
  }
}
