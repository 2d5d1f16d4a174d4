/** Histories that others have prepared for a recorder to go on with: it does, or says why not. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryFolder } from "../support/at_end.ts";
import { FH } from "../support/executable.ts";
import { CONTINUED, honestHistory, makeHostile } from "../support/hostile.ts";
import { Running } from "../support/running.ts";

const folder = temporaryFolder("fh-hostile-");
const honest = join(folder, "honest.db");
{
  using past = honestHistory();
  copyFileSync(past.path, honest);
  // It is of this boot: what it left open is taken over.
  const db = new DatabaseSync(honest);
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  db.prepare("UPDATE boot SET boot_id = ?").run(boot);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

for (const hostile of CONTINUED) {
  test(`a recorder goes on with ${hostile.name}, or says why not`, async () => {
    const path = join(folder, "hostile.db");
    makeHostile(hostile, honest, path);
    await using fh = Running.start(
      [FH, "record", "--source", "poll", "--no-socket", "--db", path],
    );
    // One that goes on has written something by then.
    const lines = () => fh.stderr.split("\n").slice(0, -1);
    let over = false;
    const ended = fh.end().then((outcome) => {
      over = true;
      return outcome;
    });
    while (!over && !fh.stderr.includes("fh: recording to ")) await delay(5);
    for (const late = performance.now() + 700; !over && performance.now() < late;) await delay(20);
    if (!over) fh.kill("SIGTERM");
    const { status } = await ended;
    const last = lines().at(-1)!;
    const refused = /^fh: Cannot use the history: \S+ is damaged: .*; move it away/.test(last);
    assert.equal(status, refused ? 1 : 0, fh.stderr);
    assert.ok(lines().every((line) => line.startsWith("fh: ")), fh.stderr);
    assert.doesNotMatch(fh.stderr, /Error\b|undefined|evaluating|JavaScript|JSON Parse/);
  });
}
