/** Threads from before fh ran: the ends of their processes are told, never while one lives. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { exitStatus } from "../../src/model/process.ts";
import { takeSnapshot } from "../../src/model/snapshot.ts";
import { readProcesses } from "../../src/proc/processes.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { Session } from "../../src/session.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { unless } from "../support/unless.ts";

const ROUNDS = 12;
const EACH = 3;
/** Longer than any busy host takes. */
const WAIT_MS = 20_000;

/** How a process ended, and when that was told. */
interface Told {
  readonly code: number | null;
  readonly signal: number | null;
  readonly at: number;
}

/** A session that notes the ends it tells. */
class Ends {
  readonly #told = new Map<number, Told[]>();
  /** Command lines of what ran already. */
  readonly found = new Map<number, string[] | null>();
  #session!: Session;

  static async open(source: "connector" | "poll"): Promise<Ends> {
    const ends = new Ends();
    ends.#session = await Session.open({
      capture: { source, procRoot: "/proc", env: [], intervalNs: null, realtime: true },
      onChange({ kind, process }) {
        if (kind === "snapshot") ends.found.set(process!.pid, process!.image.argv);
        if (kind !== "exit" || process === null) return;
        const { code, signal } = exitStatus(process.status);
        const told = { code, signal, at: performance.now() };
        ends.#told.set(process.pid, [...ends.#told.get(process.pid) ?? [], told]);
      },
      onEnd() {},
    });
    ends.#session.begin();
    return ends;
  }

  of(pid: number): readonly Told[] {
    return this.#told.get(pid) ?? [];
  }

  async until(pid: number): Promise<Told> {
    const end = performance.now() + WAIT_MS;
    while (this.of(pid).length === 0) {
      assert.ok(performance.now() < end, `the end of ${pid} was not told`);
      await delay(10);
    }
    return this.of(pid)[0]!;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function start(...args: string[]): ChildProcess {
  return spawn(program("threads")!, args, { stdio: ["pipe", "ignore", "ignore"] });
}

/** Ends what was started, and waits until nothing of it is left. */
async function stop(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

const sources = [
  ["connector", connectorMissing ?? (process.getuid?.() === 0 ? null : "needs root")],
  ["poll", null],
] as const;

for (const [source, without] of sources) {
  const missing = programsMissing ?? without;
  const defineFor = (name: string, run: () => Promise<void>) =>
    test(...unless(missing, `${source}: ${name}`), run);

  defineFor("the end of a process whose threads came and went before is told", async () => {
    const took: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const children = Array.from({ length: EACH }, () => start("churn"));
      const ends = await Ends.open(source);
      try {
        await delay(50);
        for (const { pid } of children) assert.deepEqual(ends.of(pid!), []);
        const killed = performance.now();
        for (const child of children) child.kill("SIGKILL");
        for (const { pid } of children) {
          const { signal, at } = await ends.until(pid!);
          assert.equal(signal, 9);
          took.push(at - killed);
        }
      } finally {
        await stop(children);
        await ends.close();
      }
    }
    took.sort((a, b) => a - b);
    assert.ok(took[took.length >> 1]! < 1000, `half of ${took.length} took ${took} ms`);
  });

  defineFor("the end of a process whose leader had ended before is told", async () => {
    const child = start("lead", "3");
    await delay(200);
    const ends = await Ends.open(source);
    try {
      await delay(1500);
      assert.deepEqual(ends.of(child.pid!), []);
      const argv = [program("threads")!, "lead", "3"];
      assert.deepEqual(ends.found.get(child.pid!), argv, "its thread has the command line");
      const [seen] = takeSnapshot(readProcesses(openProcfs("/proc"), [child.pid!]));
      assert.deepEqual([seen!.pid, seen!.state, seen!.image.argv], [child.pid, "leaderless", argv]);
      child.stdin!.end();
      const { code } = await ends.until(child.pid!);
      assert.equal(code, 3);
    } finally {
      await stop([child]);
      await ends.close();
    }
  });

  defineFor("no process is told as ended while one of its threads lives", async () => {
    const children = ["swap", "swap", "swap", "swap", "idle", "churn", "churn"]
      .map((what) => start(what));
    try {
      for (let round = 0; round < 4; round++) {
        const ends = await Ends.open(source);
        await delay(1500);
        for (const { pid, exitCode } of children) {
          assert.equal(exitCode, null);
          assert.deepEqual(ends.of(pid!), [], `${pid} lives`);
        }
        await ends.close();
      }
    } finally {
      await stop(children);
    }
  });
}
