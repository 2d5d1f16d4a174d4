/** A signal ends fh while it waits for a pipe that it was told to read. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FH, runProgram } from "../support/executable.ts";
import { Running } from "../support/running.ts";

test("SIGINT ends fh while it waits for its --redact-file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-pipe-"));
  const pipe = join(folder, "pipe");
  assert.equal(runProgram("mkfifo", [pipe]).status, 0);
  await using writer = Running.start([
    "sh",
    "-c",
    'exec 3<>"$1"; echo ready; sleep 60',
    "sh",
    pipe,
  ]);
  await writer.wrote("ready");
  await using fh = Running.start([FH, "watch", "--redact-file", pipe]);
  const opened = () => {
    const fds = `/proc/${fh.pid}/fd`;
    return readdirSync(fds).some((fd) => {
      try {
        return readlinkSync(`${fds}/${fd}`) === pipe;
      } catch {
        return false;
      }
    });
  };
  await fh.until("its pipe", opened);
  const { status, stderr } = await fh.end("SIGINT");
  rmSync(folder, { recursive: true });
  assert.equal(status, null, "a signal has ended it");
  assert.match(stderr, /^fh: Cannot read \S+: stopped by SIGINT\n$/);
});
