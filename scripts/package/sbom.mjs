/**
 * The list of what is compiled into fh, as CycloneDX. npm makes it of the lock file; what changes
 * with the machine and the moment is taken out.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./files.mjs";

/** Packages for development of which the executables have a part: the runtime. */
const COMPILED_IN = /^(?:bun|@oven\/bun-linux-(?:x64|aarch64|x64-musl))$/;

/** Makes `fh-VERSION.cdx.json` in `out`; its path comes back. */
export function makeSbom({ root, version, epoch, out }) {
  const args = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"];
  const all = JSON.parse(runTool("npm", args, { cwd: root }));
  const needed = JSON.parse(runTool("npm", [...args, "--omit=dev"], { cwd: root }));
  const names = new Set(needed.components.map(({ name }) => name));
  const components = all.components
    .filter(({ name }) => names.has(name) || COMPILED_IN.test(name))
    .map((component) => ({ ...component, scope: "required" }));
  const refs = new Set([...components.map((one) => one["bom-ref"]), `fh@${version}`]);
  const dependencies = all.dependencies.filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => refs.has(on)) }));
  const hash = createHash("sha256").update(JSON.stringify(components)).digest("hex");
  const main = { ...all.metadata.component, type: "application", name: "fh" };
  const sbom = {
    ...all,
    serialNumber: `urn:uuid:${uuidOf(hash)}`,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      lifecycles: [{ phase: "build" }],
      component: { ...main, licenses: [{ license: { id: "MIT" } }], properties: [] },
    },
    components,
    dependencies,
  };
  const path = join(out, `fh-${version}.cdx.json`);
  writeFileSync(path, `${JSON.stringify(sbom, null, 2)}\n`);
  return path;
}

/** A UUID of version 8 (RFC 9562), which anybody may make as they like. */
function uuidOf(hash) {
  const variant = "89ab"[parseInt(hash[16], 16) & 3];
  const parts = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ];
  return parts.join("-");
}
