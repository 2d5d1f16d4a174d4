/** A connection to a fleet holds no answer: it lasts as long as a host ships. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { TestFleet } from "../support/fleet.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

/** Answers, and bytes of each: together more than either runtime would leave to be collected. */
const ANSWERS = 300;
const BYTES = 1 << 20;

test(...unless(missingPostgres, "what was answered can be forgotten"), async () => {
  await new TestFleet().as("owner", async (db) => {
    const ask = () => db.rows<[string]>("SELECT repeat('x', $1)", [BYTES]);
    await ask();
    const before = process.memoryUsage().rss;
    for (let nth = 0; nth < ANSWERS; nth++) assert.equal((await ask())[0]![0].length, BYTES);
    const more = process.memoryUsage().rss - before;
    assert.ok(more < ANSWERS * BYTES * 2 / 3, `${more} bytes more for ${ANSWERS} of ${BYTES}`);
  });
});
