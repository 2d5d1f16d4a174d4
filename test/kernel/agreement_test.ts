/** Both live sources watch the same processes, and tell the same of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitEvent } from "../../src/library.ts";
import {
  connectorMissing,
  type Observation,
  observe,
  run,
  type TaskEvent,
} from "../support/observe.ts";
import { unless } from "../support/unless.ts";

/**
 * Every process lives for at least 30 ms; `$0` marks the command lines. Nested ones, one that
 * fails, one that is killed, one that outlives its parent, one that forks without an exec.
 */
const SCRIPT = `
sleep 0.04
sh -c 'sleep 0.05; sh -c "sleep 0.05; exit 3" $0; sleep 0.04' $0
sh -c 'sleep 5 & sleep 0.05; kill -KILL $!; wait $!' $0
(sleep 0.05; exit 9)
sh -c 'sh -c "sleep 0.3; exit 4" $0 & sleep 0.1; exit 0' $0
sh -c 'exec sleep 0.06' $0
sleep 0.35
`;

/** The command lines of the two execs that follow each other within a moment. */
const REPLACED = /^sh -c exec sleep/;

/** What the poller is documented to see in another way; src/source/poll/poller.ts. */
const DIFFERENCES: readonly { claim: string; adjust(process: Told): Told }[] = [
  {
    claim: "an exec that another follows before the next look is not told",
    adjust: (told) => ({
      ...told,
      execs: told.execs.filter((argv) => !REPLACED.test(argv)),
    }),
  },
];

/** What a source says of one process. */
interface Told {
  readonly pid: number;
  readonly ppid: number | null;
  readonly forks: number;
  readonly execs: readonly string[];
  readonly exits: readonly (readonly [code: number | null, signal: string | null])[];
  /** What is known of it when it has ended. */
  readonly last: Omit<ExitEvent, "time" | "source" | "duration_ns" | "id" | "parent">;
  /** Parts of `id` and `parent`: pid and start in clock ticks. */
  readonly id: Identity;
  readonly parent: Identity;
  readonly durationNs: number | null;
}

type Identity = readonly [pid: number, ticks: number];

function identity(id: string | null): Identity {
  const [pid, ticks] = (id ?? "").split("-").slice(1).map(Number);
  return [pid ?? NaN, ticks ?? NaN];
}

/** The processes that descend from the one with `mark` in its command line, by pid. */
function tell({ events }: Observation, mark: string): Map<number, Told> {
  const tasks = events.filter((event): event is TaskEvent => "pid" in event);
  const root = tasks.find(({ argv }) => argv?.at(-1) === mark)!.pid;
  const told = new Map<number, Told>();
  for (const { pid, ppid } of tasks) {
    if (told.has(pid) || (pid !== root && !told.has(ppid!))) continue;
    told.set(pid, describe(tasks.filter((event) => event.pid === pid)));
  }
  return told;
}

function describe(own: readonly TaskEvent[]): Told {
  const exits = own.filter((event) => event.event === "exit");
  const { time: _, source: __, duration_ns, id, parent, ...last } = exits[0]!;
  return {
    pid: last.pid,
    ppid: last.ppid,
    forks: own.filter(({ event }) => event === "fork").length,
    // Of the two that follow each other, the first may be read too late by the connector, too.
    execs: own.filter(({ event }) => event === "exec").flatMap(({ argv }) => argv?.join(" ") ?? []),
    exits: exits.map(({ exit_code, signal }) => [exit_code, signal]),
    last,
    id: identity(id),
    parent: identity(parent),
    durationNs: duration_ns,
  };
}

function adjusted(told: Told): Told {
  return DIFFERENCES.reduce((so, { adjust }) => adjust(so), told);
}

/** The connector stamps a fork later than the kernel: a tick apart is the same process. */
function assertSame([pid, ticks]: Identity, [otherPid, otherTicks]: Identity): void {
  assert.equal(pid, otherPid);
  assert.ok(Math.abs(ticks - otherTicks) <= 1, `${ticks} and ${otherTicks}`);
}

test(...unless(connectorMissing, "connector and poller agree on one scenario"), async () => {
  const mark = `fh-agree-${Math.random().toString(36).slice(2)}`;
  let byPoller: Observation | null = null;
  const byConnector = await observe({ source: "connector" }, async () => {
    byPoller = await observe({ source: "poll" }, () => run("sh", ["-c", SCRIPT, mark]));
    return byPoller.output;
  });
  const exact = tell(byConnector, mark);
  const polled = tell(byPoller!, mark);

  assert.deepEqual([...polled.keys()].sort(), [...exact.keys()].sort());
  assert.equal(exact.size, 18, "the scenario has so many processes");
  for (const [pid, one] of exact) {
    const other = polled.get(pid)!;
    const { id, parent, durationNs, ...facts } = adjusted(one);
    const { id: _, parent: __, durationNs: ___, ...otherFacts } = adjusted(other);
    assert.deepEqual(otherFacts, facts);
    assertSame(other.id, id);
    assertSame(other.parent, parent);
    assert.ok(Math.abs(other.durationNs! - durationNs!) < 15e6, `lived ${durationNs}`);
  }
  const ends = [...exact.values()].flatMap(({ exits }) => exits);
  assert.deepEqual(
    ends.filter(([code, signal]) => code !== 0 || signal !== null).map(([code, signal]) =>
      code ?? signal
    ).sort(),
    [137, 3, 4, 9, "SIGKILL"],
  );
});
