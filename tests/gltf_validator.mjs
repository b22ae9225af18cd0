// Validates GLB files named on the command line with the official glTF validator; prints one JSON report for each.
import { readFile } from "node:fs/promises";
import { validateBytes } from "gltf-validator";

const reports = [];
for (const path of process.argv.slice(2)) {
  const bytes = new Uint8Array(await readFile(path));
  reports.push(await validateBytes(bytes, { format: "glb", maxIssues: 100 }));
}
console.log(JSON.stringify(reports));
