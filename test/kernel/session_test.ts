import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { takeSnapshot } from "../../src/model/snapshot.ts";
import { readProcesses } from "../../src/proc/processes.ts";
import { openProcfs } from "../../src/proc/procfs.ts";

/** Starts two that sleep and tell their pids: an orphan, and one whose parent waits for it. */
const SCRIPT = "sh -c 'sleep 60 & echo $!'; setsid sleep 60 & echo $!; sleep 60 & echo $!; wait";

test("a session tells that another process has forked it than the one /proc names", async () => {
  const shell = spawn("setsid", ["sh", "-c", SCRIPT], { stdio: ["ignore", "pipe", "inherit"] });
  const pids: number[] = [];
  try {
    shell.stdout.setEncoding("utf8");
    let text = "";
    while (text.split("\n").length < 4) text += (await once(shell.stdout, "data"))[0];
    pids.push(...text.trim().split("\n").map(Number));
    const seen = () => {
      const all = takeSnapshot(readProcesses(openProcfs("/proc"), pids));
      return pids.map((pid) => all.find((one) => one.pid === pid)!.adopted);
    };
    // setsid(1) has called setsid(2) soon.
    while (seen()[1]) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(seen(), [true, false, false]);
  } finally {
    for (const pid of [...pids, shell.pid!]) process.kill(pid);
  }
});
