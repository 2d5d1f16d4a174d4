import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

const MODULE = new URL("../../src/host/last_signal.ts", import.meta.url).href;
const PROGRAM = `
import { writeSync } from "node:fs";
import process from "node:process";
import { endAtSecondSignal } from "${MODULE}";
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
await endAtSecondSignal();
writeSync(1, "busy");
for (const until = performance.now() + 60_000; performance.now() < until;);
`;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`a program that is busy ends at the second ${signal}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "fh-signal-"));
    const path = join(folder, "busy.ts");
    writeFileSync(path, PROGRAM);
    const isDeno = process.versions["deno"] !== undefined;
    const child = spawn(process.execPath, [...isDeno ? ["run", "-A"] : [], path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(child.stdout, "data");
      // ChildProcess.kill() of one runtime takes the first for the end, and sends no second.
      process.kill(child.pid!, signal);
      await delay(300);
      assert.deepEqual([child.exitCode, child.signalCode], [null, null], "the first asks");
      process.kill(child.pid!, signal);
      assert.deepEqual(await once(child, "exit"), [null, signal]);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });
}
