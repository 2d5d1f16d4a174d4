/**
 * Makes a recording of what a process has started, out of a history:
 * `bun test/support/make_recording.ts HISTORY.db PID OUT.ndjson.gz`. So the recordings of loads in
 * `test/fixtures/quiet/` were made, in which nothing is to be found wrong.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { History } from "../../src/history/history.ts";
import { replayEvents } from "../../src/history/replay.ts";
import { BatchWriter } from "../../src/model/batch.ts";
import { EVENT } from "../../src/model/event.ts";
import { recordBatch } from "../../src/source/recording.ts";

const [from, pid, to] = process.argv.slice(2);
if (from === undefined || pid === undefined || to === undefined) {
  throw new Error("give a history, a pid and a file to write");
}
const history = new History(from);
const writer = new BatchWriter();
const below = new Set([Number(pid)]);
for (const span of history.bounds.all()) {
  for (const event of replayEvents(history, span)) {
    const { kind, a } = event;
    if (kind === EVENT.fork && below.has(a)) below.add(event.pid);
    const isFrame = kind === EVENT.scanBegin || kind === EVENT.scanEnd;
    if (isFrame || (kind !== EVENT.present && below.has(event.pid))) writer.add(event);
  }
}
const batch = writer.take(Infinity, { seconds: 0, ns: 0 });
if (batch !== null) writeFileSync(to, gzipSync(recordBatch(batch), { level: 9 }));
history.close();
