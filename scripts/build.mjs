/**
 * Compiles dist/fh, and with `--all` the executables for other platforms, where sources changed.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BIN, fail, filesBelow, hashFiles, isProgram, ROOT, run, say } from "./project.mjs";
import { buildPages, BUILT_PAGES } from "./page.mjs";
import { setup } from "./setup.mjs";

/** The program and the files that its Workers start with. */
const ENTRIES = [
  "bin/fh.ts",
  "src/source/worker.ts",
  "src/serve/worker.ts",
  "src/ship/thread/worker.ts",
];

/**
 * Name in dist/ and what `bun build --target` calls it; "bun" is the platform at hand. That for old
 * x86-64 CPUs (bun-linux-x64-baseline) has the same runtime, byte by byte, in Bun 1.4.5.
 */
const HOST = { fh: "bun" };
const OTHERS = {
  ...process.arch === "arm64"
    ? { "fh-linux-x64": "bun-linux-x64" }
    : { "fh-linux-arm64": "bun-linux-arm64" },
  "fh-linux-x64-musl": "bun-linux-x64-musl",
};

/** A program that runs as root must not read settings from the folder it is started in. */
const OPTIONS = [
  "--compile",
  "--minify",
  "--bytecode",
  // Each command loads what it needs: a start reads a fourth less.
  "--format=esm",
  "--splitting",
  // Most commands end within 20 ms, before compiled code would pay; ffi/runtime.ts undoes it.
  "--compile-jit-policy=30",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/** Compiles what is missing or older than its sources. */
export function build(all = false) {
  buildPages();
  const hash = hashSources();
  const targets = Object.entries(all ? { ...HOST, ...OTHERS } : HOST);
  const stale = targets.filter(([name]) => !isFresh(name, hash));
  if (stale.length === 0) return;
  setup(["bun"]);
  for (const [name, target] of stale) compile(name, target, hash);
}

/** The executable for `x64`, `arm64` or `x64-musl`, on glibc where nothing else is said. */
export function executableFor(platform) {
  const name = `fh-linux-${platform}`;
  return join(ROOT, "dist", name in OTHERS ? name : "fh");
}

/**
 * The lock file stands for the version of bun and for the packages that are compiled in; pages
 * are made of their sources.
 */
function hashSources() {
  const sources = ["bin", "ffi", "src"].flatMap((folder) => filesBelow(folder, ".ts"));
  return hashFiles([...sources, ...BUILT_PAGES, "package-lock.json", "scripts/build.mjs"]);
}

function isFresh(name, hash) {
  const path = join(ROOT, "dist", name);
  return existsSync(path) && existsSync(`${path}.stamp`) &&
    readFileSync(`${path}.stamp`, "utf8") === hash;
}

/** Compiles beside the old executable and then replaces it, so that one that runs is not hurt. */
function compile(name, target, hash) {
  say(`fh: building dist/${name}`);
  const path = join(ROOT, "dist", name);
  const scratch = join(ROOT, "dist", `.${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  const args = ["build", ...OPTIONS, `--target=${target}`, ...ENTRIES];
  const outfile = join(scratch, name);
  const done = run(join(BIN, "bun"), [...args, "--outfile", outfile]);
  if (done) {
    rmSync(`${path}.stamp`, { force: true });
    renameSync(outfile, path);
    writeFileSync(`${path}.stamp`, hash);
  }
  rmSync(scratch, { recursive: true });
  if (!done) fail(`fh: cannot build dist/${name}; what bun said stands above`);
}

if (isProgram(import.meta.url)) build(process.argv.includes("--all"));
