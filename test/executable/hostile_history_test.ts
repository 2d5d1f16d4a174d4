/** Histories that others have prepared to take time and memory: each question ends, in little. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH } from "../support/executable.ts";
import {
  type Answer,
  copyHonest,
  HEAVY,
  makeHostile,
  QUESTIONS,
  wrongAnswer,
} from "../support/hostile.ts";

const folder = temporaryFolder("fh-hostile-");
const honest = join(folder, "honest.db");
copyHonest(honest);

/** Each run has so long, and so much memory, on a busy host. */
const MS_MAX = 60_000;
const KIB_MAX = 1 << 20;

async function ask(args: readonly string[]): Promise<Answer & { readonly peakKib: number }> {
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

for (const hostile of HEAVY) {
  test(`a history with ${hostile.name}`, async () => {
    const path = join(folder, "hostile.db");
    makeHostile(hostile, honest, path);
    const target = join(folder, "exported.db");
    const found: string[] = [];
    for (const args of [...QUESTIONS, ["export", `--output=${target}`]]) {
      const answer = await ask([...args, `--db=${path}`, "--color=never"]);
      const what = wrongAnswer(args, answer, hostile) ??
        (answer.peakKib > KIB_MAX ? `it took ${answer.peakKib} KiB` : null);
      if (what !== null) found.push(`${args.join(" ")}: ${what}: ${answer.stderr.slice(0, 300)}`);
    }
    rmSync(target, { force: true });
    assert.deepEqual(found, []);
  });
}
