/**
 * The library as npm takes it: the source for Bun, which runs it as it is, and for Node.js one file
 * with what needs no libc.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, runTool, settle, writeFiles } from "./files.mjs";

/** What of the library works where libc cannot be called. */
const FOR_NODE = [
  "buildForest",
  "connect",
  "ConnectionError",
  "createRedact",
  "decodeProcEvent",
  "ProcError",
  "readRecording",
  "RequestError",
  "takeTree",
];
const FILES = ["LICENSE", "README.md", "mod.ts"];

/** Makes `fh-VERSION.tgz` in `out`; its path comes back. */
export function makeNpm({ root, version, epoch, out, scratch }) {
  const { dependencies, license } = JSON.parse(runTool("cat", [join(root, "package.json")]));
  const head = {
    name: "fh",
    version,
    description:
      "The history of process creation on Linux: what starts, by whom, what becomes of it",
    license,
    type: "module",
    os: ["linux"],
    engines: { bun: ">=1.4.5", node: ">=20" },
    exports: { ".": { bun: "./mod.ts", deno: "./mod.ts", default: "./node.js" } },
    dependencies: { re2js: dependencies.re2js },
  };
  const sources = ["ffi", "src"].flatMap((folder) =>
    filesOf(root, folder).map((name) => ({
      path: `${folder}/${name}`,
      source: join(root, folder, name),
    }))
  );
  writeFiles(scratch, [
    { path: "package.json", text: `${JSON.stringify(head, null, 2)}\n` },
    { path: "node.js", text: nodeFile(root, scratch) },
    ...FILES.map((path) => ({ path, source: join(root, path) })),
    ...sources,
  ]);
  settle(scratch, epoch);
  runTool("npm", ["pack", "--silent", "--pack-destination", out], { cwd: scratch });
  return join(out, `fh-${version}.tgz`);
}

/** Without comments: they would have the paths of the folder at hand. */
function nodeFile(root, scratch) {
  const entry = `${scratch}.ts`;
  writeFileSync(entry, `export { ${FOR_NODE.join(", ")} } from "${join(root, "mod.ts")}";\n`);
  const options = ["--target=node", "--format=esm", "--minify-syntax", "--minify-whitespace"];
  return runTool(join(root, "node_modules/.bin/bun"), ["build", entry, ...options], { cwd: root });
}
