/** Loads that real hosts had, in which nothing was wrong. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Detector } from "../../src/detect/detector.ts";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import { RunningBoot } from "../../src/model/boot.ts";
import { Machine } from "../../src/model/machine.ts";
import { readRecording } from "../../src/source/recording.ts";
import { EPOCH } from "./story.ts";

const FOLDER = new URL("../fixtures/quiet/", import.meta.url);

/** What a recording has, at the least: how many exits, and how many of these with a bad status. */
const LOADS: Readonly<Record<string, readonly [exits: number, failed: number]>> = {
  "build": [5000, 0],
  "upgrade": [200, 1],
  "greps": [300, 300],
  "tests": [200, 20],
};

test("each load has a recording", () => {
  const names = readdirSync(FOLDER).map((name) => name.replace(".ndjson.gz", ""));
  assert.deepEqual(names.toSorted(), Object.keys(LOADS).toSorted());
});

for (const [name, [exits, failed]] of Object.entries(LOADS)) {
  test(`nothing is found in a quiet load: ${name}`, () => {
    const found: string[] = [];
    const detector = new Detector({
      limits: INITIAL_LIMITS,
      onTurn: (turn, { kind, count, process }) => {
        found.push(`${kind} ${turn} ${count} ${process.image.comm}`);
      },
    });
    const counts = { exits: 0, failed: 0 };
    const machine = new Machine({
      boot: new RunningBoot("0a1b2c3d", EPOCH),
      onChange: (change) => {
        if (change.kind === "exit") {
          counts.exits++;
          if (change.process!.status !== 0) counts.failed++;
        }
        detector.note(change);
      },
    });
    const text = gunzipSync(readFileSync(new URL(`${name}.ndjson.gz`, FOLDER))).toString();
    let last = 0;
    for (const event of readRecording(text)) {
      machine.step(event);
      last = event.time;
    }
    detector.turn(last + INITIAL_LIMITS.quiet);
    assert.deepEqual(found, []);
    assert.ok(counts.exits >= exits, `${counts.exits} exits`);
    assert.ok(counts.failed >= failed, `${counts.failed} failed`);
  });
}
