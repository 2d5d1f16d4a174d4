import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { readSmallFile } from "../../src/cmd/small_file.ts";
import { temporaryFolder } from "../support/at_end.ts";

const folder = temporaryFolder("fh-small-");
const still = new AbortController().signal;
const at = (name: string) => join(folder, name);

test("readSmallFile() reads files, and what somebody writes into a pipe", async () => {
  writeFileSync(at("file"), "a\nb\n");
  assert.equal(await readSmallFile(at("file"), still), "a\nb\n");
  assert.equal(await readSmallFile("/dev/null", still), "");
  assert.equal(spawnSync("mkfifo", [at("pipe")]).status, 0);
  // The pipe is open on both sides before it is read; what is written comes later.
  const script = 'exec 3<> "$1"; echo ready; sleep 0.3; echo late >&3; exec 3>&-';
  const writer = spawn("sh", ["-c", script, "sh", at("pipe")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(writer.stdout, "data");
  assert.equal(await readSmallFile(at("pipe"), still), "late\n");
  if (writer.exitCode === null) await once(writer, "exit");
});

test("readSmallFile() refuses what has no end, and what nobody writes into", async () => {
  await assert.rejects(() => readSmallFile("/dev/zero", still), /it is longer than 1 MiB/);
  writeFileSync(at("large"), "x".repeat((1 << 20) + 1));
  await assert.rejects(() => readSmallFile(at("large"), still), /it is longer than 1 MiB/);
  assert.equal(spawnSync("mkfifo", [at("silent")]).status, 0);
  await assert.rejects(() => readSmallFile(at("silent"), still), /it is a pipe with nothing in it/);
  await assert.rejects(() => readSmallFile(folder, still), /it is a folder/);
  await assert.rejects(() => readSmallFile(at("missing"), still), /ENOENT/);
});

test("a signal ends the wait for a pipe, also for one that trickles", async () => {
  assert.equal(spawnSync("mkfifo", [at("trickle")]).status, 0);
  for (const script of ["sleep 60", "while :; do echo x >&3; sleep 0.01; done"]) {
    const begun = `exec 3<> "$1"; echo ready; ${script}`;
    const writer = spawn("sh", ["-c", begun, "sh", at("trickle")], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    try {
      await once(writer.stdout, "data");
      const stop = new AbortController();
      setTimeout(() => stop.abort("SIGINT"), 100);
      await assert.rejects(() => readSmallFile(at("trickle"), stop.signal), /stopped by SIGINT/);
    } finally {
      process.kill(-writer.pid!, "SIGKILL");
    }
  }
});
