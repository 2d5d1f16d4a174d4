/**
 * The C programs of test/programs, compiled when they are first asked for.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../programs/", import.meta.url));
const COMPILERS = ["cc", "gcc", "clang"] as const;
const FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"] as const;

/** What some programs need beside {@linkcode FLAGS}; libraries come after the source. */
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  cases: ["-pthread"],
  cost: ["-pthread"],
  forks: ["-pthread"],
  late: ["-pthread"],
  load: ["-pthread", "-lm"],
  threads: ["-pthread"],
  tiny: ["-static"],
};

const compiler = findCompiler();
const compiled = new Map<string, string>();

/** Why {@linkcode program} has only null to give; null when there is a compiler. */
export const programsMissing: string | null = compiler === null
  ? `needs a C compiler (${COMPILERS.join(", ")}): apt-get install gcc libc6-dev`
  : null;

/**
 * Path of the executable made from `test/programs/NAME.c`, which any user may run; null without a
 * compiler. Safe to be called by several processes at once.
 *
 * @throws {Error} The program does not compile.
 */
export function program(name: string): string | null {
  if (compiler === null) return null;
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const source = join(SOURCES, `${name}.c`);
  const flags = EXTRA[name] ?? [];
  const key = createHash("sha256").update(readFileSync(source))
    .update([compiler, ...FLAGS, ...flags].join(" ")).digest("hex").slice(0, 16);
  const target = join(cacheFolder(), `${name}-${key}`);
  if (!existsSync(target)) compile(compiler, source, flags, target);
  compiled.set(name, target);
  return target;
}

function findCompiler(): string | null {
  for (const name of COMPILERS) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        continue;
      }
    }
  }
  return null;
}

/** One folder per user: nobody else can put a program where a test would run it. */
function cacheFolder(): string {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `fh-programs-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (statSync(folder).uid !== uid) throw new Error(`Folder belongs to somebody else: ${folder}`);
  chmodSync(folder, 0o755);
  return folder;
}

function compile(cc: string, source: string, flags: readonly string[], target: string): void {
  const unfinished = `${target}.${process.pid}.${performance.now()}`;
  const result = spawnSync(cc, [...FLAGS, "-o", unfinished, source, ...flags], {
    encoding: "utf8",
  });
  if (result.status !== 0) {
    throw new Error(`Cannot compile ${source}: ${result.error?.message ?? result.stderr}`);
  }
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, target);
}
