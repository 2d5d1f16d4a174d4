/** Histories that others have prepared: a right answer or one sentence, soon and in little memory. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { FH } from "../support/executable.ts";
import { honestHistory, HOSTILE, type Hostile } from "../support/hostile.ts";

const folder = mkdtempSync(join(tmpdir(), "fh-hostile-"));
after(() => rmSync(folder, { recursive: true }));
const honest = join(folder, "honest.db");
{
  using past = honestHistory();
  copyFileSync(past.path, honest);
}

const ALWAYS = "--since=1970-01-02T00:00:00Z";
const QUESTIONS: readonly (readonly string[])[] = [
  ["log", "--json", ALWAYS, "--event=fork,exec,exit"],
  ["log", "--tree", ALWAYS],
  ["log", "--match=.", "--pid=4711"],
  ["tree", "--json", ALWAYS],
  ["tree", `${process.pid}`],
  ["why", "4711", "--json"],
  ["why", `${process.pid}`],
  ["account", "--json", ALWAYS],
  ["account", "--csv", "--by=job"],
  ["job", "list", "--all", "--json"],
  ["job", "show", "build"],
  ["job", "export"],
  ["watch", "--source=replay", "--json"],
  ["record", "--status"],
];

/** Each run has so long, and so much memory, on a busy host. */
const MS_MAX = 60_000;
const KIB_MAX = 1 << 20;

/** How a run ended. */
interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly peakKib: number;
}

async function ask(args: readonly string[]): Promise<Ran> {
  const child = spawn(FH, args, { stdio: ["ignore", "pipe", "pipe"] });
  const parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (bytes: Uint8Array) => parts[name].push(bytes));
  }
  let peakKib = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKib = Math.max(peakKib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 5);
  const kill = setTimeout(() => child.kill("SIGKILL"), MS_MAX);
  const [status] = await once(child, "close");
  clearInterval(look);
  clearTimeout(kill);
  const text = (name: keyof typeof parts) => Buffer.concat(parts[name]).toString();
  return { status, stdout: text("stdout"), stderr: text("stderr"), peakKib };
}

function make({ make }: Hostile, path: string): void {
  copyFileSync(honest, path);
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = OFF");
  if (typeof make === "string") db.exec(make);
  else make(db);
  db.close();
}

/** What is wrong with an outcome; null when nothing is. */
function wrong({ status, stdout, stderr, peakKib }: Ran, { refused }: Hostile): string | null {
  if (status === null) return "it did not end by itself";
  if (peakKib > KIB_MAX) return `it took ${peakKib} KiB`;
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/.test(stdout + stderr)) return "control characters";
  if (/\n\{"event":"forged"/.test(`\n${stdout}`)) return "a forged line";
  if (/Error\b|undefined|null is|evaluating|\[object/.test(stderr)) return "a raw error";
  const lines = stderr.split("\n").slice(0, -1);
  if (!lines.every((line) => /^(?:fh: | {2}\S)/.test(line))) return "no sentence";
  if (refused !== undefined && (status === 0 || !refused.test(lines.at(-1)!))) return "no refusal";
  return null;
}

for (const hostile of HOSTILE) {
  test(`a history with ${hostile.name}`, async () => {
    const path = join(folder, "hostile.db");
    make(hostile, path);
    const wal = () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size;
    const before = [readFileSync(path), wal()] as const;
    const target = join(folder, "exported.db");
    const found: string[] = [];
    for (const args of [...QUESTIONS, ["export", `--output=${target}`]]) {
      const outcome = await ask([...args, `--db=${path}`, "--color=never"]);
      const what = wrong(outcome, hostile);
      if (what === null && (!args.includes("--json") || args[0] === "job")) continue;
      if (what === null) {
        for (const line of outcome.stdout.split("\n")) if (line !== "") JSON.parse(line);
        continue;
      }
      found.push(`${args.join(" ")}: ${what}: ${outcome.stderr.slice(0, 300)}`);
    }
    rmSync(target, { force: true });
    assert.deepEqual(found, []);
    assert.deepEqual([readFileSync(path).equals(before[0]), wal()], [true, before[1]], "unchanged");
  });
}
