/**
 * The sources of the project, for what checks them.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "./tidy.ts";

/** The folder of the project. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** Sources among files and in folders, by their paths from the root. */
export function readFiles(paths: readonly string[]): SourceFile[] {
  return paths.filter((path) => existsSync(join(ROOT, path)))
    .flatMap((path) => /\.\w+$/.test(path) ? [path] : listFolder(path))
    .filter((path) => /\.(?:tsx?|mjs)$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

function listFolder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? listFolder(path) : [path];
  });
}
