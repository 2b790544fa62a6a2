// Checks rendered manifests: by the OpenAPI validators of the kubernetes-models packages, and, since those let unknown fields pass, by TypeScript's
// excess property checks over the same packages' types. Standard input: a JSON array of objects. Standard output: a JSON array of { name, fault }.
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

const home = process.argv[2];
const require = createRequire(join(home, "package.json"));
const ts = require("typescript");
const objects = JSON.parse(readFileSync(0, "utf8"));
const faults = [];

// Where a kind's model lies: the core group has none, Kubernetes' own groups are one package, operators' another.
function moduleOf(object) {
  const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
  if (group === "monitoring.coreos.com") return `@kubernetes-models/prometheus-operator/${group}/${version}`;
  return group === "" ? `kubernetes-models/${version}` : `kubernetes-models/${group}/${version}`;
}

const folder = mkdtempSync(join(home, "check-"));
const file = join(folder, "objects.ts");
try {
  const lines = [];
  const starts = [];
  objects.forEach((object, index) => {
    const module = moduleOf(object);
    try {
      new (require(module)[object.kind])(object).validate();
    } catch (error) {
      faults.push({ name: `${object.kind} ${object.metadata?.name}`, fault: error.message });
    }
    starts.push(lines.length);
    lines.push(`import type { I${object.kind} as T${index} } from ${JSON.stringify(module)};`);
    lines.push(...`export const o${index}: T${index} = ${JSON.stringify(object, null, 1)};`.split("\n"));
  });
  writeFileSync(file, lines.join("\n"));
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, types: [],
  };

  const program = ts.createProgram([file], options);
  for (const found of ts.getPreEmitDiagnostics(program)) {
    const line = found.file ? found.file.getLineAndCharacterOfPosition(found.start).line : -1;
    const index = starts.findLastIndex(start => start <= line);
    const object = objects[index];
    faults.push({ name: object ? `${object.kind} ${object.metadata?.name}` : "?", fault: ts.flattenDiagnosticMessageText(found.messageText, " ") });
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(JSON.stringify(faults, null, 1));
