import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readSmallFile } from "../../src/cmd/small_file.ts";

const folder = mkdtempSync(join(tmpdir(), "fh-small-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test("readSmallFile() reads files, and what somebody writes into a pipe", async () => {
  writeFileSync(at("file"), "a\nb\n");
  assert.equal(readSmallFile(at("file")), "a\nb\n");
  assert.equal(readSmallFile("/dev/null"), "");
  assert.equal(spawnSync("mkfifo", [at("pipe")]).status, 0);
  // The pipe is open on both sides before it is read; what is written comes later.
  const script = 'exec 3<> "$1"; echo ready; sleep 0.3; echo late >&3; exec 3>&-';
  const writer = spawn("sh", ["-c", script, "sh", at("pipe")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(writer.stdout, "data");
  assert.equal(readSmallFile(at("pipe")), "late\n");
  if (writer.exitCode === null) await once(writer, "exit");
});

test("readSmallFile() refuses what has no end, and what nobody writes into", () => {
  assert.throws(() => readSmallFile("/dev/zero"), /it is longer than 1 MiB/);
  writeFileSync(at("large"), "x".repeat((1 << 20) + 1));
  assert.throws(() => readSmallFile(at("large")), /it is longer than 1 MiB/);
  assert.equal(spawnSync("mkfifo", [at("silent")]).status, 0);
  assert.throws(() => readSmallFile(at("silent")), /it is a pipe with nothing in it/);
  assert.throws(() => readSmallFile(folder), /it is a folder/);
  assert.throws(() => readSmallFile(at("missing")), /ENOENT/);
});
