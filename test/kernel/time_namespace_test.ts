/** In a time namespace the clocks of /proc and of the connector are not the same. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { openProcfs } from "../../src/proc/procfs.ts";
import { readMonotonicOffset } from "../../src/proc/time_offsets.ts";
import { runProgram } from "../support/executable.ts";
import { connectorMissing, type TaskEvent } from "../support/observe.ts";
import { FH_SOURCE, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

/** What is added: less than the host is up, and more. */
const OFFSETS: readonly (readonly [monotonic: number, boot: number])[] = [
  [5000, 100_000],
  [70_000, 0],
];
/** Times are right to so many milliseconds: all of it ran in between. */
const SLACK_MS = 1000;

function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  const made = runProgram("unshare", ["--time", "--boottime", "1", "--fork", "true"]);
  return made.status === 0 ? null : `needs time namespaces: ${made.stderr.trim()}`;
}

const missing = obstacle();

for (const source of ["connector", "poll"] as const) {
  const lacking = missing ?? (source === "connector" ? connectorMissing : null);
  test(
    ...unless(lacking, `${source}: a command has its own times in a time namespace`),
    async () => {
      for (const [monotonic, boot] of OFFSETS) {
        const began = Date.now();
        const place = ["unshare", "--time", "--monotonic", `${monotonic}`, "--boottime", `${boot}`];
        const watch = [
          "watch",
          "--json",
          "--source",
          source,
          "--",
          "sh",
          "-c",
          "sleep 0.3; exit 3",
        ];
        await using running = Running.start([...place, "--fork", ...FH_SOURCE, ...watch]);
        const { status, stderr } = await running.end();
        assert.equal(status, 3, stderr);
        const events = running.events.filter((event): event is TaskEvent => "pid" in event);
        const fork = events.find(({ event }) => event === "fork")!;
        const exit = events.find(({ event, pid }) => event === "exit" && pid === fork.pid)!;
        assert.ok(exit !== undefined, JSON.stringify(events));
        for (const { time } of events) {
          const at = Date.parse(time);
          assert.ok(at > began - SLACK_MS && at < Date.now() + SLACK_MS, `${time}, ${boot}`);
        }
        const ms = Date.parse(exit.time) - Date.parse(fork.time);
        assert.ok(ms >= 290, `${ms} ms`);
      }
    },
  );
}

test(...unless(missing, "/proc tells what a time namespace adds"), async () => {
  assert.equal(readMonotonicOffset(openProcfs("/proc")), 0);
  const place = ["unshare", "--time", "--monotonic", "-7", "--fork"];
  await using running = Running.start([...place, "cat", "/proc/self/timens_offsets"]);
  const { stdout } = await running.end();
  const reader = { ...openProcfs("/proc"), read: () => new TextEncoder().encode(stdout) };
  assert.equal(readMonotonicOffset(reader), -7_000_000_000);
});
