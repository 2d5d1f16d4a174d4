/** Names out of exit records, where /proc is of no use: no program is ever read in time. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Session } from "../../src/session.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { connectorMissing } from "../support/observe.ts";
import { unless } from "../support/unless.ts";

const rootMissing = process.getuid?.() === 0 ? null : "exit records are for root";
const missing = connectorMissing ?? rootMissing;
const name = "programs that no read has caught have the names of their exit records";
const COUNT = 20;

test(...unless(missing, name), async () => {
  const { root, remove } = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", start: 0 }]);
  /** What was told of each, by pid. */
  const told = new Map<number, string[]>();
  const session = await Session.open({
    capture: {
      source: "connector",
      procRoot: root,
      env: [],
      intervalNs: null,
      realtime: false,
      accounts: true,
    },
    onChange({ kind, process: one, inferred }) {
      if (one === null || kind === "fork") return;
      const lines = told.get(one.pid) ?? [];
      told.set(one.pid, lines);
      lines.push(`${kind} ${one.image.comm}${inferred ? "*" : ""}`);
    },
    onEnd: () => {},
  });
  try {
    assert.equal(session.info.accounts, "taskstats");
    session.begin();
    const pids: number[] = [];
    for (let n = 0; n < COUNT; n++) {
      const child = spawn("/bin/true", [], { stdio: "ignore" });
      await once(child, "exit");
      pids.push(child.pid!);
    }
    const isTold = (pid: number) => told.get(pid)?.some((line) => line.startsWith("exit")) === true;
    for (let tries = 0; tries < 600 && !pids.every(isTold); tries++) await delay(50);
    const lines = pids.map((pid) => told.get(pid)!.join());
    const named = lines.filter((line) => line === "exec null,comm true*,exit true");
    // Where others end in crowds, a record may be gone before the exec is known that needs it.
    const unknown = lines.filter((line) => line === "exec null,exit null");
    assert.equal(named.length + unknown.length, COUNT, lines.join("; "));
    assert.ok(named.length >= COUNT * 3 / 4, lines.join("; "));
  } finally {
    await session.close();
    remove();
  }
});
