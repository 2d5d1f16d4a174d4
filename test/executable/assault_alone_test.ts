/** Whatever one user starts, no recorder ends by it, and nobody else's history goes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Besieged } from "../support/crowd.ts";
import { MemoryGroup, memoryGroupMissing } from "../support/memory_group.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { ask } from "../support/server.ts";
import { unless } from "../support/unless.ts";

/** What the unit gives a recorder, and far more than this takes of it. */
const LIMIT_MIB = 512;
const PEAK_MIB = 320;
/** Far more than the second that is promised, and less than these attacks once took. */
const LATE_MS = 5000;
const OTHERS = 100;
const missing = programsMissing ?? connectorMissing ??
  (process.geteuid?.() === 0 ? null : "needs root to become nobody") ?? memoryGroupMissing;

/** What each process of the last of these is called when it ends. */
const LAST_NAME = "name 19999";

/** Name, and the words of test/programs/assault.c. */
const ASSAULTS: readonly (readonly [string, string])[] = [
  ["a chain of 25 000 dead, pushed out by others", "chain 25000 4200"],
  ["40 command lines of 1.9 MB", "args 40 1900 x"],
  ["150 of 5.9 MB", "args 150 5900 x"],
  ["14 that look like secrets without an end", "args 14 1900 TOKEN=A\n"],
  ["500 living with 60 KB each", "crowd 500 60000"],
  ["processes that are called something else all the time", "names 20 20000"],
];

async function besiege(): Promise<void> {
  using group = MemoryGroup.tryOf(LIMIT_MIB)!;
  await using it = await Besieged.startIn(group, "--max-size", "32M", "--source", "connector");
  const others = () => spawnSync("sh", ["-c", `for i in $(seq ${OTHERS}); do /bin/true; done`]).pid;
  const before = others();
  for (const [name, words] of ASSAULTS) {
    await using assault = Running.start([...AS_NOBODY, program("assault")!, ...words.split(" ")]);
    const { status, stdout } = await assault.end();
    assert.equal(status, 0, name);
    assert.match(stdout, /^done [1-9]/m, name);
    // All that has happened is behind this.
    let { lost } = await ask(it.folder.socket, "status");
    if (words !== ASSAULTS.at(-1)![1]) assert.equal(lost, 0, name);
    else {
      // What was merged is told once a second.
      for (let tries = 0; tries < 50 && lost === 0; tries++) {
        await delay(100);
        ({ lost } = await ask(it.folder.socket, "status"));
      }
      assert.ok(lost > 0, "names between others");
    }
    assert.ok(it.longestMs < LATE_MS, `root has waited for ${it.longestMs} ms: ${name}`);
    assert.ok(group.peakMib < LIMIT_MIB - 1, `${group.peakMib} MiB: ${name}`);
    assert.ok(it.peakMib < PEAK_MIB, `${it.peakMib} MiB: ${name}`);
  }
  const after = others();
  const began = performance.now();
  const { status, stderr } = await it.stop("SIGTERM");
  assert.equal(status, 0, stderr);
  assert.ok(performance.now() - began < LATE_MS, "it ends at once");
  const history = new DatabaseSync(it.folder.db, { readOnly: true });
  const gaps = history.prepare("SELECT DISTINCT reason FROM gap").all().map(({ reason }) => reason);
  // A kernel's buffer that overflows on a busy host takes last names with it, and that is told.
  const all = gaps.filter((reason) => reason !== "overflow");
  assert.deepEqual(all, ["share used up"]);
  const [last] = history.prepare("SELECT count(*) AS n FROM process WHERE comm = ?").all(LAST_NAME);
  if (all.length === gaps.length) assert.equal(last!["n"], 20, "each of them has its last name");
  for (const shell of [before, after]) {
    // Pids come round: others may have had that of the shell.
    const [lives] = history.prepare(
      `SELECT count(*) AS n FROM process WHERE parent_life IN
        (SELECT life FROM process WHERE pid = ? AND argv ->> 2 LIKE 'for i in %')`,
    ).all(shell);
    assert.equal(lives!["n"], OTHERS + 1, "what others did, seq among it");
  }
  history.close();
}

const name =
  "a recorder with the unit's memory outlives what one user does, and keeps what others did";
test(...unless(missing, name), besiege);
