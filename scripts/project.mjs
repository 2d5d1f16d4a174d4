/**
 * What the scripts share: where things are, and how to speak and to run.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The folder of package.json. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Where npm puts the commands of the packages. */
export const BIN = join(ROOT, "node_modules", ".bin");

/** Tells the person what happens, on standard error: standard output belongs to fh. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Says why it cannot go on, and ends with status 1. */
export function fail(text) {
  say(text);
  process.exit(1);
}

/**
 * Runs a command in {@linkcode ROOT} with its output on standard error and no standard input.
 * True when it ended with status 0.
 */
export function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", 2, 2], ...options }).status === 0;
}

/** Every file below the folder `path` of the project whose name ends in `suffix`, in order. */
export function filesBelow(path, suffix) {
  return readdirSync(join(ROOT, path), { withFileTypes: true })
    .flatMap((entry) => {
      const name = `${path}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(name, suffix);
      return name.endsWith(suffix) ? [name] : [];
    })
    .sort();
}

/** SHA-256 of files and their names, in hexadecimal digits. */
export function hashFiles(paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const bytes = readFileSync(join(ROOT, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** Whether the module with this `import.meta.url` is the program, and not a part of another. */
export function isProgram(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}
