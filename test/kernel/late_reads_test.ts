/** A process that executes one program after the other, faster than anybody reads. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { connectorMissing, type TaskEvent } from "../support/observe.ts";
import { FH_SOURCE, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const CHAIN = ["env", "A=1", "nice", "-n", "0", "setsid", "env", "B=1", "sleep", "60"];

const ONE_AFTER_THE_OTHER = ["env", "nice", "setsid", "env", "true"];
const CHAINS = 150;

function execsOf(fh: Running, { pid }: Running): (string | null)[] {
  const events = fh.events.filter((event): event is TaskEvent => event.event === "exec");
  return events.filter((event) => event.pid === pid).map(({ argv }) => argv?.[0] ?? null);
}

/** Whether all threads have stopped: on another CPU one goes on for a moment. */
function isStopped({ pid }: Running): boolean {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).every((tid) => {
    return /^State:\tT/m.test(readFileSync(`${folder}/${tid}/status`, "utf8"));
  });
}

async function watchStopped(): Promise<void> {
  const watch = ["watch", "--json", "--source", "connector", "-e", "exec"];
  await using fh = Running.start([...FH_SOURCE, ...watch]);
  await fh.wrote('"event":"source"');
  await using chain = Running.start(["sh", "-c", 'read -r go; exec "$@"', "sh", ...CHAIN]);
  await fh.until("its first exec", () => execsOf(fh, chain).length === 1);
  fh.kill("SIGSTOP");
  await fh.until("its stop", () => isStopped(fh));
  chain.tell("go");
  const name = () => readFileSync(`/proc/${chain.pid}/comm`, "latin1").trim();
  await chain.until("its last program", () => name() === "sleep");
  fh.kill("SIGCONT");
  await fh.until("its last exec", () => execsOf(fh, chain).at(-1) === "sleep");
  // Only the last can be read then; of the others it is said that they are not known.
  assert.deepEqual(execsOf(fh, chain).slice(1), [null, null, null, null, "sleep"]);
}

/** Many such processes: what is told of each is in the order in which it was. */
async function watchMany(source: string, ...args: string[]): Promise<void> {
  const script = `i=0; while [ $i -lt ${CHAINS} ]; do "$@"; i=$((i+1)); done`;
  const command = ["--", "sh", "-c", script, "sh", ...CHAIN.slice(0, -2), "true"];
  const watch = ["watch", "--json", "--source", source, "-e", "exec", ...args];
  await using fh = Running.start([...FH_SOURCE, ...watch, ...command]);
  await fh.end();
  const told = new Map<number, string[]>();
  for (const event of fh.events) {
    if (event.event !== "exec" || event.argv === null || event.argv.includes("-c")) continue;
    told.set(event.pid, [...told.get(event.pid) ?? [], event.argv[0]!]);
  }
  assert.ok(told.size > CHAINS / 2, `${told.size} processes`);
  for (const programs of told.values()) {
    let at = 0;
    for (const name of programs) at = ONE_AFTER_THE_OTHER.indexOf(name, at) + 1 || NaN;
    assert.ok(!Number.isNaN(at), programs.join());
  }
}

test(
  ...unless(connectorMissing, "no program is told to be the one that was executed after it"),
  watchStopped,
);
const order = "programs that are executed at once are told in their order, or not known";
test(
  ...unless(connectorMissing, `${order}: connector`),
  () => watchMany("connector", "--no-realtime"),
);
test(...unless(null, `${order}: poll`), () => watchMany("poll"));
