// Measures llama.cpp: prefill of N tokens (with the logits of the last one and a greedy pick), then decoding token by token at N tokens
// of context (logits and a greedy pick each), the tokens fed being those of the file, so every engine does the same work.
// Prints one line of JSON: tokens/s of the best repetition in prefill and decode, the median repetition beside it.
// node bench.mjs MODEL.gguf --tokens ids.json [--threads 2] [--prompts 512,2048] [--generate 48] [--repeat 5] [--flash off|on]
//   [--kv f16|f32|bf16|q8_0] [--batch 512]
import fs from "node:fs";
import { performance } from "node:perf_hooks";
import { parse, positiveInteger } from "./arguments.mjs";
import { loadedCpuVariant, open } from "./peer.mjs";

const kvTypes = { f16: "F16", f32: "F32", bf16: "BF16", q8_0: "Q8_0" };

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Seconds of one prefill and of `generate` decoding steps after it, and the processor cores the prefill kept busy. The median step is
 * apart because llama.cpp's threads spin at barriers: where another process takes a core, single steps stall for tens of milliseconds.
 */
async function measure(sequence, ids, prompt, generate) {
  await sequence.clearHistory();
  const steps = sequence.evaluate(ids.slice(0, prompt), { temperature: 0, yieldEogToken: true });
  const cpu = process.cpuUsage();
  const start = performance.now();
  await steps.next();
  const prefilled = performance.now();
  const prefillCpu = process.cpuUsage(cpu);
  const stepTimes = [];
  let end = prefilled;
  for (let i = 0; i < generate; i++) {
    const { done } = await steps.next(ids[prompt + i]);
    if (done) {
      throw new Error(`generation ended by itself after ${i} tokens`);
    }

    const now = performance.now();
    stepTimes.push((now - end) / 1000);
    end = now;
  }

  await steps.return();
  if (sequence.nextTokenIndex < prompt + generate) {
    throw new Error(`the context holds ${sequence.nextTokenIndex} tokens, expected ${prompt + generate}`);
  }

  return {
    prefill: (prefilled - start) / 1000,
    decode: (end - prefilled) / 1000,
    medianStep: median(stepTimes),
    prefillCores: (prefillCpu.user + prefillCpu.system) / 1000 / (prefilled - start),
  };
}

async function run(settings) {
  const { llama, model } = await open(settings.modelPath, settings.threads);
  try {
    if (llama.gpu !== false) {
      throw new Error(`expected no GPU, got ${llama.gpu}`);
    }

    const kvType = kvTypes[settings.kv];
    const context = await model.createContext({
      contextSize: Math.max(...settings.prompts) + settings.generate + 1,
      batchSize: settings.batch,
      threads: { ideal: settings.threads, min: settings.threads },
      flashAttention: settings.flash,
      experimentalKvCacheKeyType: kvType,
      experimentalKvCacheValueType: kvType,
    });
    const sequence = context.getSequence();
    await measure(sequence, settings.ids, Math.min(...settings.prompts), 4);
    if (context.currentThreads !== settings.threads) {
      throw new Error(`asked for ${settings.threads} threads, got ${context.currentThreads}`);
    }

    const result = {
      engine: "llama.cpp",
      version: llama.llamaCppRelease.release,
      cpuVariant: loadedCpuVariant(),
      threads: context.currentThreads,
      kv: settings.kv,
      flashAttention: context.flashAttention,
      batch: context.batchSize,
      repeat: settings.repeat,
      generated: settings.generate,
      prefill: {},
      decode: {},
      median: { prefill: {}, decode: {} },
      decodeMedianStep: {},
      prefillCores: {},
    };
    const runs = Object.fromEntries(settings.prompts.map((prompt) => [prompt, []]));
    for (let i = 0; i < settings.repeat; i++) {
      for (const prompt of settings.prompts) {
        runs[prompt].push(await measure(sequence, settings.ids, prompt, settings.generate));
      }
    }

    for (const prompt of settings.prompts) {
      const prefills = runs[prompt].map((each) => prompt / each.prefill);
      const decodes = runs[prompt].map((each) => settings.generate / each.decode);
      result.prefill[prompt] = round(Math.max(...prefills));
      result.decode[prompt] = round(Math.max(...decodes));
      result.median.prefill[prompt] = round(median(prefills));
      result.median.decode[prompt] = round(median(decodes));
      result.decodeMedianStep[prompt] = round(1 / Math.min(...runs[prompt].map((each) => each.medianStep)));
      result.prefillCores[prompt] = round(Math.max(...runs[prompt].map((each) => each.prefillCores)));
    }

    return result;
  } finally {
    await llama.dispose();
  }
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function settingsFrom(args) {
  const { options, positional } = parse(args, {
    tokens: "", threads: "2", prompts: "512,2048", generate: "48", repeat: "5", flash: "off", kv: "f16", batch: "512",
  });
  if (positional.length !== 1 || options.tokens === "") {
    throw new Error("usage: node bench.mjs MODEL.gguf --tokens ids.json [--threads N] [--prompts 512,2048] [--generate 48] "
      + "[--repeat 5] [--flash off|on] [--kv f16|f32|bf16|q8_0] [--batch 512]");
  }

  if (!(options.kv in kvTypes)) {
    throw new Error(`--kv must be one of ${Object.keys(kvTypes).join(", ")}, not ${options.kv}`);
  }

  if (options.flash !== "on" && options.flash !== "off") {
    throw new Error(`--flash must be on or off, not ${options.flash}`);
  }

  const settings = {
    modelPath: positional[0],
    ids: JSON.parse(fs.readFileSync(options.tokens, "utf8")),
    threads: positiveInteger(options.threads, "--threads"),
    prompts: options.prompts.split(",").map((each) => positiveInteger(each, "--prompts")),
    generate: positiveInteger(options.generate, "--generate"),
    repeat: positiveInteger(options.repeat, "--repeat"),
    flash: options.flash === "on",
    kv: options.kv,
    batch: positiveInteger(options.batch, "--batch"),
  };
  const needed = Math.max(...settings.prompts) + settings.generate;
  if (!Array.isArray(settings.ids) || settings.ids.length < needed) {
    throw new Error(`${options.tokens} must be an array of at least ${needed} token ids`);
  }

  return settings;
}

try {
  console.log(JSON.stringify(await run(settingsFrom(process.argv.slice(2)))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
