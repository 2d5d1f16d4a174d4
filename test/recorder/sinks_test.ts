import assert from "node:assert/strict";
import { test } from "node:test";
import { Change } from "../../src/model/machine.ts";
import type { Process } from "../../src/model/process.ts";
import type { Sink } from "../../src/recorder/sink.ts";
import { Sinks } from "../../src/recorder/sinks.ts";

const PROCESS = { pid: 7 } as Process;

/** Sinks that write down what they are told; the last of them takes note of changes alone. */
function write(): { sinks: Sinks; told: string[] } {
  const told: string[] = [];
  const sinks = new Sinks();
  for (const name of ["file", "jobs"]) {
    const sink: Sink = {
      note: ({ kind }) => void told.push(`${name} ${kind}`),
      noteAccount: ({ pid }) => void told.push(`${name} account ${pid}`),
      noteThread: (time, { pid }, tid) => void told.push(`${name} thread ${time} ${pid} ${tid}`),
      scanned: () => void told.push(`${name} scanned`),
      flush: () => void told.push(`${name} flush`),
      close: async () => {
        await Promise.resolve();
        told.push(`${name} close`);
      },
    };
    sinks.add(sink);
  }
  sinks.add({ note: ({ kind }) => void told.push(`notes ${kind}`) });
  return { sinks, told };
}

function tellAll(sinks: Sinks): void {
  sinks.note(new Change());
  sinks.noteAccount(PROCESS);
  sinks.noteThread(1, PROCESS, 8);
  sinks.scanned();
  sinks.flush();
}

test("sinks are told what happens in order, and what is over from the last on", async () => {
  const { sinks, told } = write();
  sinks.telling = true;
  tellAll(sinks);
  await sinks.close();
  const { kind } = new Change();
  assert.deepEqual(told, [
    ...[`file ${kind}`, `jobs ${kind}`, `notes ${kind}`],
    ...["file account 7", "jobs account 7"],
    ...["file thread 1 7 8", "jobs thread 1 7 8"],
    ...["file scanned", "jobs scanned"],
    ...["jobs flush", "file flush"],
    ...["jobs close", "file close"],
  ]);
});

test("sinks that are not to be told anything are closed all the same", async () => {
  const { sinks, told } = write();
  tellAll(sinks);
  await sinks.close();
  assert.deepEqual(told, ["jobs close", "file close"]);
});
