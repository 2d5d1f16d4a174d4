import assert from "node:assert/strict";
import { test } from "node:test";
import { readBatch } from "../../../src/model/batch.ts";
import { RunningBoot } from "../../../src/model/boot.ts";
import { Machine } from "../../../src/model/machine.ts";
import { SocketEvents } from "../../../src/serve/client/events.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 250_000_000 };
const BOOT = "7c0a51fe";

/** An event of a process that began `tick` ticks after boot, at a time in milliseconds. */
function event(kind: string, ms: number, pid: number, tick: number | string, parts = {}) {
  return JSON.stringify({
    event: kind,
    time: new Date(EPOCH.seconds * 1000 + 250 + ms).toISOString().replace("Z", "000000Z"),
    source: "connector",
    id: `${BOOT}-${pid}-${tick}`,
    pid,
    ppid: 1,
    parent: `${BOOT}-1-0`,
    uid: 1000,
    user: "x",
    comm: "sh",
    exe: "/bin/sh",
    argv: ["sh"],
    cwd: "/",
    cgroup: "/a.service",
    ...parts,
  });
}

const INIT = event("snapshot", 900, 1, 0, { ppid: 0, parent: null, comm: "init" });
const ENDED = { exit_code: 0, signal: null, core: false, duration_ns: 5e6 };

/** What a machine makes of lines: the changes, each with the id of its process. */
function told(...lines: string[]): string[] {
  const changes: string[] = [];
  const machine = new Machine({
    boot: new RunningBoot(BOOT),
    onChange({ kind, process, inferred, a }) {
      const mark = inferred ? "*" : "";
      const which = process === null ? a : `${process.id} ${process.image.comm}`;
      const by = process?.parent == null ? "" : ` by ${process.parent.id}`;
      const ns = kind === "exit" && process?.durationNs != null ? ` ${process.durationNs}` : "";
      changes.push(`${kind}${mark} ${which}${by}${ns}`.replaceAll(`${BOOT}-`, ""));
    },
  });
  const events = new SocketEvents(EPOCH);
  for (const line of lines) events.add(line);
  for (const batch of events.take()) readBatch(batch, (event) => machine.step(event));
  return changes;
}

test("a process keeps its id and its duration, whatever the clock says", () => {
  assert.deepEqual(
    told(
      INIT,
      // The clock of this host is 30 ms off that of the server.
      event("fork", 1030, 50, 100),
      event("exit", 1035, 50, 100, ENDED),
    ),
    ["snapshot 1-0 init", "fork 50-100 init by 1-0", "exit 50-100 init by 1-0 5000000"],
  );
});

test("a snapshot is told oldest first: a child before who got its parent's pid", () => {
  const child = event("snapshot", 900, 60, 50, { ppid: 40, parent: `${BOOT}-40-10` });
  const other = event("snapshot", 900, 40, 80, { ppid: 1, comm: "new" });
  assert.deepEqual(told(INIT, other, child, event("heartbeat", 901, 0, 0)), [
    "snapshot 1-0 init",
    "snapshot 60-50 sh",
    "snapshot 40-80 new by 1-0",
  ]);
});

test("a process that was not to be seen is met when it is", () => {
  assert.deepEqual(told(INIT, event("uid", 1000, 70, 90, { euid: 1000 })), [
    "snapshot 1-0 init",
    "snapshot 70-90 sh by 1-0",
    "uid 70-90 sh by 1-0",
  ]);
});

test("a parent whose fork was missed shows in its child", () => {
  const parts = { ppid: 70, parent: `${BOOT}-70-90`, comm: "make" };
  assert.deepEqual(told(INIT, event("fork", 1000, 71, 100, parts)), [
    "snapshot 1-0 init",
    "snapshot 70-90 make",
    "fork 71-100 make by 70-90",
  ]);
});

test("a pid that has another id is another process", () => {
  const again = event("exec", 2000, 50, 150, { comm: "new" });
  assert.deepEqual(told(INIT, event("fork", 1000, 50, 100), again), [
    "snapshot 1-0 init",
    "fork 50-100 init by 1-0",
    "exit* 50-100 init by 1-0 1000000000",
    "snapshot 50-150 new by 1-0",
    "exec 50-150 new by 1-0",
  ]);
});

test("a start that is not known stays unknown", () => {
  const changes = told(INIT, event("exit", 2000, 50, "~150", { ...ENDED, duration_ns: null }));
  assert.match(changes[1]!, /^exit 50-~\d+ /);
});

test("events stay in the order of the server, whatever their times", () => {
  assert.deepEqual(
    told(
      INIT,
      event("fork", 1000, 50, 100),
      event("exit", 1010, 50, 100, ENDED),
      event("fork", 1005, 50, 101),
    ).map((line) => line.replace(/ .*/, "")),
    ["snapshot", "fork", "exit", "fork"],
  );
});

test("gaps are told with what is known of them, but not those of signals", () => {
  const gap = (lost: number | null, reason: string) => {
    return event("gap", 1000, 0, 0, { lost, reason });
  };
  assert.deepEqual(
    told(gap(7, "overflow"), gap(null, "not recording"), gap(3, "signal queue full")),
    ["gap 7", "gap -1"],
  );
});

test("each way to end becomes its wait status", () => {
  const ends: [Record<string, unknown>, number | null][] = [
    [{ exit_code: 3, signal: null, core: false }, 0x300],
    [{ exit_code: null, signal: "SIGKILL", core: false }, 9],
    [{ exit_code: null, signal: "SIGSEGV", core: true }, 0x8b],
    [{ exit_code: null, signal: "SIGRTMIN+2", core: false }, 36],
    [{ exit_code: null, signal: null, core: false }, null],
  ];
  for (const [parts, status] of ends) {
    const events = new SocketEvents(EPOCH);
    events.add(INIT);
    events.add(event("exit", 1000, 50, 100, { ...ENDED, ...parts }));
    const seen: (number | null)[] = [];
    const machine = new Machine({
      onChange: ({ kind, process }) => {
        if (kind === "exit") seen.push(process!.status);
      },
    });
    for (const batch of events.take()) readBatch(batch, (event) => machine.step(event));
    assert.deepEqual(seen, [status]);
  }
});
