/**
 * Goal 5: a forced overflow is counted exactly and repaired.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { kill } from "./support/cleanup.ts";
import { runLoad, type Sleepers, startSleepers } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import type { Seen } from "./support/seen.ts";
import { sum } from "./support/stats.ts";
import { connectorSockets } from "./support/system.ts";
import { number, table } from "./support/table.ts";
import { fhWatch } from "./support/tools.ts";

const FORKS = 300_000;
const QUICK_FORKS = 100_000;
const SLEEPERS = 50;
const TEXT = {
  loss: "forced overflow: reported loss equals the kernel's Drops",
  state: "after the repair every living process has the right parent, the dead are dead",
} as const;

/** What the run showed. */
interface Outcome {
  readonly reported: number;
  /** Losses with another reason: changes the output could not take. */
  readonly dropped: number;
  /** Of each connector socket of fh. */
  readonly drops: readonly number[];
  /** Living processes with another parent in the stream than the true one, or with none. */
  readonly wrong: number;
  /** Processes that ended while fh stood still and whose end is not in the stream. */
  readonly undead: number;
}

/** fh is stopped by a signal while the machine forks. */
export async function overflowSection(bench: Bench): Promise<Section> {
  const count = bench.quick ? QUICK_FORKS : FORKS;
  const title = "Overflow: forced, counted, repaired";
  const outcome = bench.fh === null ? null : await overflow(bench, bench.fh, count);
  if (outcome === null) return { title, body: ["fh is not built."], goals: [unmeasured()] };
  const { reported, dropped: unwritten, drops, wrong, undead } = outcome;
  bench.say(
    `overflow: ${reported} reported, dropped ${drops.join(" and ")}, ${wrong} wrong parents`,
  );
  const dropped = Math.max(...drops);
  const errors = `${wrong} of ${2 * SLEEPERS} wrong, ${undead} of ${SLEEPERS} not dead`;
  return {
    title,
    body: [
      `SIGSTOP while \`vfork,count=${count}\` runs, ${SLEEPERS} processes start to sleep and ` +
      `${SLEEPERS} others end; ${SLEEPERS} more slept before. Then SIGCONT.`,
      "",
      ...table(["what", "value"], [
        ["loss reported by fh", number(reported, 1)],
        ["changes it reported as not written", number(unwritten, 1)],
        ["Drops of its connector sockets", drops.map((n) => number(n, 1)).join(", ")],
        ["living processes with a wrong parent or none", `${wrong} of ${2 * SLEEPERS}`],
        ["ended processes not told as ended", `${undead} of ${SLEEPERS}`],
      ]),
    ],
    goals: [
      {
        number: 5,
        text: TEXT.loss,
        measured: `${number(reported, 1)}, Drops ${number(dropped, 1)}`,
        reached: reported === dropped && dropped > 0,
        short: dropped > 0 ? `${reported - dropped} apart` : "nothing overflowed",
      },
      atMost(5, TEXT.state, wrong + undead, 0, errors),
    ],
  };
}

function unmeasured(): Goal {
  return { number: 5, text: TEXT.loss, measured: "–", reached: null, short: "" };
}

async function overflow(bench: Bench, fh: string, count: number): Promise<Outcome> {
  const watcher = await Watcher.start(bench, fhWatch(fh, []), "file");
  const before = await startSleepers(SLEEPERS);
  const doomed = await startSleepers(SLEEPERS);
  await watcher.drain();
  kill(watcher.pid, "SIGSTOP");
  let during: Sleepers;
  try {
    await runLoad(bench, [`vfork,count=${count}`]);
    during = await startSleepers(SLEEPERS);
    await doomed.end();
  } finally {
    kill(watcher.pid, "SIGCONT");
  }
  await watcher.drain();
  await sleep(1000);
  const drops = connectorSockets(watcher.pid).map((socket) => socket.drops);
  await watcher.stop();
  const told = await watcher.told();
  const last = lastParents(told);
  const wrong =
    [before, during].flatMap((group) => group.pids.filter((pid) => last.get(pid) !== group.parent))
      .length;
  const undead = doomed.pids.filter((pid) => last.has(pid)).length;
  await Promise.all([before.end(), during.end()]);
  const [overflows, others] = [true, false].map((wanted) =>
    sum(told.flatMap((seen) => (seen.reason === "overflow") === wanted ? [seen.lost] : []))
  );
  return { reported: overflows ?? NaN, dropped: others ?? NaN, drops, wrong, undead };
}

/** Parents of the processes that live when the stream ends, as the stream tells them. */
function lastParents(told: readonly Seen[]): Map<number, number | null> {
  const parents = new Map<number, number | null>();
  for (const seen of told) {
    if (seen.kind === "fork") parents.set(seen.pid, seen.ppid);
    else if (seen.kind === "exit") parents.delete(seen.pid);
  }
  return parents;
}
