// Opens a GGUF file with llama.cpp through node-llama-cpp's prebuilt CPU binary: never downloads, never compiles, no GPU.
import fs from "node:fs";
import { getLlama } from "node-llama-cpp";

/** The library and the model, with at most `threads` threads. The caller disposes `llama`, which disposes the rest. */
export async function open(modelPath, threads) {
  if (!fs.existsSync(modelPath)) {
    throw new Error(`no such file: ${modelPath}`);
  }

  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    usePrebuiltBinaries: true,
    progressLogs: false,
    logLevel: "error",
    maxThreads: threads,
  });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  return { llama, model };
}

/** Which of llama.cpp's CPU variants the process has loaded (it picks by the machine's instruction sets), e.g. "zen4". */
export function loadedCpuVariant() {
  const found = fs.readFileSync("/proc/self/maps", "utf8").match(/libggml-cpu-([\w-]+)\.so/);
  return found ? found[1] : "unknown";
}
