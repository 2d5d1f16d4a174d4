/**
 * The list of what is compiled into fh, as CycloneDX. npm makes it of the lock file; what changes
 * with the machine and the moment is taken out.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, readText, runTool } from "./files.mjs";

/** The runtime, of which the executables have a part. */
const RUNTIME = [
  "bun",
  "@oven/bun-linux-x64",
  "@oven/bun-linux-aarch64",
  "@oven/bun-linux-x64-musl",
];
/** `"preact/hooks"` of an import; not a file, and nothing of a runtime. */
const PACKAGE = /\bfrom "((?:@[\w-]+\/)?[\w-]+)(?:\/[^"]*)?"/g;

/** Makes `fh-VERSION.cdx.json` in `out`; its path comes back. */
export function makeSbom({ root, version, epoch, out }) {
  const { all, inside, components } = listCompiledIn(root);
  const refs = new Set([...inside, all.metadata.component["bom-ref"]]);
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

/** What npm says of all packages, which are inside, as references, and what it says of those. */
export function listCompiledIn(root) {
  const args = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"];
  const all = JSON.parse(runTool("npm", args, { cwd: root }));
  const inside = compiledIn(root, all);
  const components = all.components.filter((one) => inside.has(one["bom-ref"]))
    .map((component) => ({ ...component, scope: "required" }));
  return { all, inside, components };
}

/** What is imported, with all that this needs, and the runtime: as references of the list. */
function compiledIn(root, { components, dependencies }) {
  const imported = filesOf(root, "src").filter((file) => /\.tsx?$/.test(file))
    .flatMap((file) => Array.from(readText(root, `src/${file}`).matchAll(PACKAGE), ([, it]) => it));
  const names = new Set([...RUNTIME, ...imported]);
  const waiting = components.filter(({ name }) => names.has(name)).map((one) => one["bom-ref"]);
  const needs = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const found = new Set();
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    if (found.has(ref)) continue;
    found.add(ref);
    // Bun for platforms that nothing is made for is not inside.
    if (!ref.startsWith("bun@")) waiting.push(...needs.get(ref) ?? []);
  }
  return found;
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
