/**
 * The reference of the library, made of its doc comments.
 *
 * @module
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filesOf, runTool, writeArchive } from "./files.mjs";

/** Makes `fh-VERSION-api.tar.gz` in `out`; its path comes back. */
export function makeApi({ root, version, epoch, out, scratch }) {
  const name = `fh-${version}-api`;
  const folder = join(scratch, name);
  mkdirSync(scratch, { recursive: true });
  const deno = join(root, "node_modules/.bin/deno");
  runTool(deno, ["doc", "--html", "--name=fh", `--output=${folder}`, "mod.ts"], { cwd: root });
  // Where the sources lay is nobody's business, and another place in each folder.
  const here = pathToFileURL(root).href.replace(/\/?$/, "/").replaceAll("/", "&#x2F;");
  for (const file of filesOf(scratch, name)) {
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(here, ""));
    chmodSync(path, 0o644);
  }
  return writeArchive({ scratch, name, epoch, out });
}
