/** What may disturb the connector: strangers, other listeners, a buffer that overflows. */
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { openLibc } from "../../ffi/mod.ts";
import { listen, ownNamespace } from "../../src/source/listen.ts";
import { encodeMcastOp, PROC_CN_MCAST } from "../../src/wire/proc_event.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { runProgram } from "../support/executable.ts";
import { type NetlinkSocket, parseNetlink } from "../support/netlink.ts";
import {
  connectorMissing,
  eventsOf,
  gapsOf,
  observe,
  run,
  type TaskEvent,
} from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, FH_SOURCE, Running, runs } from "../support/running.ts";
import { unless } from "../support/unless.ts";

/** NETLINK_CONNECTOR, include/uapi/linux/netlink.h. */
const CONNECTOR = 11;
/** Above every pid the kernel gives out (PID_MAX_LIMIT). */
const FORGED_PID = 4_194_303;

const rootMissing = process.getuid?.() === 0 ? null : "needs root";
const missing = programsMissing ?? connectorMissing ?? rootMissing;

/** Where the runtime may keep what it makes of sources, whoever runs it. */
const cache = temporaryFolder("fh-connector-");
chmodSync(cache, 0o777);
const ENV = { PATH: process.env["PATH"] ?? "", HOME: cache, DENO_DIR: cache };

/** Why an ordinary user cannot listen, whose small buffer overflows soon. */
const nobodyMissing = missing ?? tryAsNobody();

function tryAsNobody(): string | null {
  const [command = "", ...args] = [...AS_NOBODY, ...FH_SOURCE, "doctor", "--json"];
  const { stdout, stderr } = runProgram(command, args, { env: ENV });
  if (stdout === "") return `fh does not run as nobody: ${stderr.trim()}`;
  const { source, why } = JSON.parse(stdout);
  return source === "connector" ? null : `nobody may not listen: ${why}`;
}

/** The sockets of a process that get the connector's events. */
function listenersOf(pid: number | "self"): NetlinkSocket[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      inodes.add(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      continue; // The descriptor of the folder itself is closed by now.
    }
  }
  return parseNetlink(readFileSync("/proc/net/netlink", "utf8")).filter((socket) =>
    socket.protocol === CONNECTOR && socket.groups !== 0 && inodes.has(`socket:[${socket.inode}]`)
  );
}

test(...unless(missing, "the connector ignores a datagram that is not the kernel's"), async () => {
  let delivered = 0;
  const seen = await observe({ source: "connector" }, async () => {
    let output = "";
    for (const { portId } of listenersOf("self")) {
      output += await run(program("forge")!, [`${portId}`, `${FORGED_PID}`]);
      delivered++;
    }
    return output;
  });
  assert.equal(delivered, 2, "the truth and the doorbell");
  assert.equal(seen.output.match(/^port=\d+ bytes=76$/gm)?.length, 2);
  assert.deepEqual(eventsOf(seen, FORGED_PID), []);
  assert.deepEqual(gapsOf(seen), []);
});

test(...unless(missing, "answers to other listeners are no loss"), async () => {
  const libc = await openLibc();
  const seen = await observe({ source: "connector" }, async () => {
    for (let listener = 0; listener < 20; listener++) {
      const { truth, doorbell } = listen(libc, (name) => ownNamespace(libc, "/proc", name));
      await run("true", []);
      libc.send(truth, encodeMcastOp(PROC_CN_MCAST.IGNORE, listener), 0);
      for (const fd of [truth, doorbell]) libc.close(fd);
    }
    return await run(program("cases")!, ["many-forks", "500"]);
  });
  const ppid = Number(/^ppid=(\d+)/.exec(seen.output)![1]);
  const forks = seen.events.filter((event) => event.event === "fork" && event.ppid === ppid);
  assert.equal(forks.length, 500);
  assert.deepEqual(gapsOf(seen), []);
});

/** The pids of a `cases sleepers` that has said it is ready. */
function sleeping({ stdout }: Running): number[] {
  return Array.from(stdout.matchAll(/^pid=(\d+)/gm), (match) => Number(match[1]));
}

async function startSleepers(count: number): Promise<Running> {
  const running = Running.start([program("cases")!, "sleepers", `${count}`, "60000"]);
  await running.wrote("ready=");
  return running;
}

function isTask(event: object): event is TaskEvent {
  return "pid" in event;
}

test(...unless(nobodyMissing, "an overflow is counted exactly, and repaired"), async () => {
  await using before = await startSleepers(10);
  await using doomed = await startSleepers(10);
  await using fh = Running.start(
    [...AS_NOBODY, ...FH_SOURCE, "watch", "--json", "--snapshot"],
    { env: ENV },
  );
  await fh.wrote('"event":"snapshot"');
  const capacity = Number(/its buffer holds (\d+)/.exec(fh.stderr)![1]);

  fh.kill("SIGSTOP");
  // Two events each: half again as many as there is room for.
  await run(program("load")!, ["--phase", `vfork,count=${Math.ceil(capacity * 0.75)}`]);
  const loaded = Date.now();
  await using during = await startSleepers(10);
  await doomed.end("SIGKILL");
  // Its children are killed by its death, a little later.
  await fh.until("their ends", () => !sleeping(doomed).some(runs));
  const resumed = Date.now();
  fh.kill("SIGCONT");

  const lost = () => fh.events.reduce((sum, e) => sum + (e.event === "gap" ? e.lost : 0), 0);
  const drops = () => Math.max(...listenersOf(fh.pid).map((socket) => socket.drops));
  const last = sleeping(during).at(-1)!;
  await fh.until("the repair", () => fh.events.some((e) => isTask(e) && e.pid === last));
  const mark = `fh-overflow-${process.pid}`;
  await run("sh", ["-c", `sleep 0.1 # ${mark}`]);
  await fh.wrote(mark);
  assert.ok(drops() > capacity / 3, `${drops()} dropped of a buffer of ${capacity}`);
  // The work of others may overflow so small a buffer again and again.
  await fh.until("word of every drop", () => lost() === drops());
  assert.equal((await fh.end("SIGTERM")).status, 0);

  // A gap is no instant: from the last event before it to the moment when it was found.
  const gaps = fh.events.filter((event) => event.event === "gap")
    .map(({ since, time }) => [Date.parse(since), Date.parse(time)] as const);
  const ofPause = gaps.find(([since, until]) => since <= loaded && until >= resumed - 1);
  assert.ok(ofPause !== undefined, JSON.stringify({ gaps, loaded, resumed }));

  for (const pid of sleeping(during)) {
    const told = fh.events.filter(isTask).filter((event) => event.pid === pid);
    assert.deepEqual(
      told.map(({ event, ppid, inferred }) => ({ event, ppid, inferred })),
      [{ event: "fork", ppid: during.pid, inferred: true }],
    );
  }
  const ends = (pid: number) =>
    fh.events.filter((event) => event.event === "exit" && event.pid === pid);
  for (const pid of sleeping(before)) assert.deepEqual(ends(pid), []);
  for (const pid of sleeping(doomed)) {
    assert.deepEqual(ends(pid).map(({ inferred }) => inferred), [true]);
  }
});
