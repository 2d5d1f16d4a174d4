/** A process that executes one program after the other, faster than anybody reads. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { connectorMissing, type TaskEvent } from "../support/observe.ts";
import { FH_SOURCE, Running } from "../support/running.ts";

const CHAIN = ["env", "A=1", "nice", "-n", "0", "setsid", "env", "B=1", "sleep", "60"];

function execsOf(fh: Running, { pid }: Running): (string | null)[] {
  const events = fh.events.filter((event): event is TaskEvent => event.event === "exec");
  return events.filter((event) => event.pid === pid).map(({ argv }) => argv?.[0] ?? null);
}

async function watchStopped(): Promise<void> {
  const watch = ["watch", "--json", "--source", "connector", "-e", "exec"];
  await using fh = Running.start([...FH_SOURCE, ...watch]);
  await fh.wrote('"event":"source"');
  await using chain = Running.start(["sh", "-c", 'read -r go; exec "$@"', "sh", ...CHAIN]);
  await fh.until("its first exec", () => execsOf(fh, chain).length === 1);
  fh.kill("SIGSTOP");
  chain.tell("go");
  const name = () => readFileSync(`/proc/${chain.pid}/comm`, "latin1").trim();
  await chain.until("its last program", () => name() === "sleep");
  fh.kill("SIGCONT");
  await fh.until("its last exec", () => execsOf(fh, chain).at(-1) === "sleep");
  // Only the last can be read then; of the others it is said that they are not known.
  assert.deepEqual(execsOf(fh, chain).slice(1), [null, null, null, null, "sleep"]);
}

const claim = "no program is told to be the one that was executed after it";
if (connectorMissing === null) test(claim, watchStopped);
else test(`${claim} (skipped: ${connectorMissing})`, { skip: true }, () => {});
