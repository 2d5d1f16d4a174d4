/** What one user does pushes out no other's history, and the file stays within its size. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { integrityOf, startRecorder } from "../support/recorded.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

// So small that it fills, however much of the command lines a busy recorder leaves out.
const MAX_BYTES = 4 << 20;
const OTHERS = 200;
const missing = programsMissing ?? connectorMissing;

const folder = temporaryFolder("fh-share-");
chmodSync(folder, 0o755);

function sizeOf(db: string): number {
  return ["", "-wal"].reduce((sum, suffix) => sum + statSync(db + suffix).size, 0);
}

async function attack(): Promise<void> {
  const db = join(folder, "history.db");
  const selfExec = join(folder, "self_exec");
  copyFileSync(program("self_exec")!, selfExec);
  chmodSync(selfExec, 0o755);
  await using fh = await startRecorder(db, [
    "--max-size",
    `${MAX_BYTES >> 20}M`,
    "--source",
    "connector",
    "--no-socket",
  ]);
  const marker = `others-of-${fh.pid}`;
  const others = `for i in $(seq ${OTHERS}); do /bin/true ${marker} $i; done`;
  const { pid } = spawnSync("sh", ["-c", others]);
  const ask = (question: string, value: string | number) => {
    const file = new DatabaseSync(db, { readOnly: true });
    const row = file.prepare(`SELECT ${question} FROM process WHERE argv LIKE ? OR pid = ?`)
      .get(typeof value === "string" ? value : null, typeof value === "number" ? value : null);
    file.close();
    return row === undefined ? null : Object.values(row)[0];
  };
  await fh.until("all of them", () => ask("state", pid) === "exited");
  const before = Number(ask("count(*)", `%"${marker}"%`));
  assert.ok(before > OTHERS / 2);
  let largest = 0;
  const look = () => largest = Math.max(largest, sizeOf(db));
  await using living = Running.start([...AS_NOBODY, selfExec, "600", "100"]);
  // Many short ones beside it, each with 20 KB of its own: a slow host keeps little of each.
  const words = "/bin/true $i $(printf %20000d $i)";
  await using many = Running.start([
    ...AS_NOBODY,
    "sh",
    "-c",
    `i=0; while [ $i -lt 4000 ]; do ${words}; i=$((i+1)); done`,
  ]);
  // Reading it would keep the log from going into the file: its size is all that is asked.
  const looking = setInterval(look, 50);
  await many.end();
  clearInterval(looking);
  await fh.until("the last of its images", () => ask("argv ->> 1", living.pid) === "0");
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  const file = new DatabaseSync(db, { readOnly: true });
  assert.equal(integrityOf(file), "ok");
  file.close();
  assert.equal(ask("count(*)", `%"${marker}"%`), before, "what others did is there");
  // On a busy host more may have come together for one write.
  assert.ok(largest <= MAX_BYTES * 1.125, `${largest} bytes`);
  const log = runFh(["log", "--db", db, "--json", "-c", "no-such-name"]);
  assert.match(log.stdout, /"event":"gap".*"lost":\d{3,},"reason":"share used up"/);
}

const name = "a user who fills the file loses what is his";
test(...unless(missing, name), attack);
