import assert from "node:assert/strict";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import { lastPidOf } from "../../src/proc/loadavg.ts";
import { openProcfs, ProcError, type ProcReader, readProcess } from "../../src/proc/procfs.ts";
import { parseStat, PF_KTHREAD } from "../../src/proc/stat.ts";
import { parseStatus } from "../../src/proc/status.ts";
import { readFixture } from "../support/fixture.ts";
import { until } from "../support/until.ts";
import { withChild } from "./child.ts";

const reader = openProcfs("/proc");
const textOf = (bytes: Uint8Array | null) => new TextDecoder("latin1").decode(bytes!);
const WAIT = "echo ready; read x";

/** Runs `act` with the rights of nobody where this process is root. */
function unprivileged<T>(act: () => T): T {
  const root = process.geteuid!() === 0;
  if (root) process.seteuid!(65534);
  try {
    return act();
  } finally {
    if (root) process.seteuid!(0);
  }
}

async function endedPid(): Promise<number> {
  let ended = 0;
  await withChild(WAIT, [], (pid) => void (ended = pid));
  return ended;
}

function kernelThread(): number | undefined {
  return reader.pids().find((pid) => ((readProcess(reader, pid)?.flags ?? 0) & PF_KTHREAD) !== 0);
}

/** A folder that looks like /proc with one process 7. */
function withFakeProc(files: Record<string, Uint8Array>, use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "fh-proc-"));
  try {
    mkdirSync(join(root, "7"));
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, "7", name), bytes);
    use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("pids() lists this process and a child, in ascending order", async () => {
  await withChild(WAIT, [], (child) => {
    const pids = reader.pids();
    assert.ok(pids.includes(process.pid));
    assert.ok(pids.includes(child));
    assert.deepEqual(pids, pids.toSorted((a, b) => a - b));
  });
});

test("pids() throws a ProcError that names a root that cannot be listed", () => {
  assert.throws(() => openProcfs("/nowhere").pids(), (error) => {
    assert.ok(error instanceof ProcError);
    assert.equal(error.message, "Cannot list /nowhere: ENOENT (errno 2)");
    assert.deepEqual([error.path, error.code], ["/nowhere", "ENOENT"]);
    return true;
  });
});

test("read() reads files of a process, of this one and of /proc itself", () => {
  assert.equal(parseStat(reader.read(process.pid, "stat")!)!.pid, process.pid);
  assert.equal(parseStat(reader.read("self", "stat")!)!.pid, process.pid);
  const loadavg = reader.read(null, "loadavg")!;
  assert.ok(lastPidOf(loadavg, loadavg.length) > 0);
  assert.match(textOf(reader.read(null, "sys/kernel/random/boot_id")), /^[0-9a-f-]{36}\n$/);
});

test("read() gives bytes that later reads leave alone", () => {
  const loadavg = reader.read(null, "loadavg")!;
  const before = textOf(loadavg);
  reader.read("self", "status");
  assert.equal(textOf(loadavg), before);
  assert.equal(loadavg.buffer.byteLength, loadavg.byteLength);
});

test("read() gives files whole that the kernel hands over in pieces", () => {
  const maps = textOf(reader.read("self", "maps"));
  assert.ok(maps.length > 4096, `${maps.length} bytes`);
  assert.match(maps, /\[vdso\]|\[stack\]/);
  assert.match(maps, /\n$/);
});

test("a command line of 60 KiB is read whole, and of longer ones how long they are", async () => {
  const long = "x".repeat(100 * 1024);
  for (const args of [["y".repeat(60 * 1024)], [long], [long, long, long, long, ""]]) {
    await withChild(WAIT, args, (pid) => {
      const expected = ["/bin/sh", "-c", WAIT, "sh", ...args, ""].join("\0");
      const { argv, argvMore } = readProcess(reader, pid)!;
      assert.ok(textOf(argv) === expected.slice(0, 64 * 1024));
      assert.equal(argvMore, Math.max(0, expected.length - 64 * 1024));
    });
  }
});

test("read() and link() give null for a process that has vanished", async () => {
  const pid = await endedPid();
  assert.equal(reader.read(pid, "stat"), null);
  assert.equal(reader.link(pid, "exe"), null);
  assert.deepEqual(reader.readTogether(pid, ["stat", "status"]), [null, null]);
  assert.equal(readProcess(reader, pid), null);
});

test("read() and link() give null for what the reader may not see", () => {
  unprivileged(() => {
    assert.equal(reader.read(1, "environ"), null);
    assert.equal(reader.link(1, "exe"), null);
    const [stat, environ] = reader.readTogether(1, ["stat", "environ"]);
    assert.equal(parseStat(stat!)!.pid, 1);
    assert.equal(environ, null);
  });
});

test("read() throws a ProcError for any other failure", () => {
  assert.throws(() => reader.read("self", "mem"), {
    name: "ProcError",
    message: "Cannot read /proc/self/mem: EIO (errno 5)",
  });
  assert.throws(() => reader.readTogether(process.pid, ["stat", "fd"]), ProcError);
  assert.throws(() => reader.link("self", "stat"), ProcError);
});

test("readTogether() closes every descriptor, after failures too", () => {
  const open = () => openProcfs("/proc/self/fd").pids().length;
  const before = open();
  for (let i = 0; i < 20; i++) {
    reader.readTogether(process.pid, ["stat", "status", "nothing"]);
    assert.throws(() => reader.readTogether(process.pid, ["stat", "mem", "status"]), ProcError);
  }
  assert.equal(open(), before);
});

test("a descriptor of a process's file gives ESRCH once the process is reaped", async () => {
  const fds: number[] = [];
  await withChild(WAIT, [], (pid) => {
    for (const name of ["stat", "status", "cmdline"]) {
      fds.push(openSync(`/proc/${pid}/${name}`, "r"));
    }
  });
  for (const fd of fds) {
    assert.throws(() => readSync(fd, new Uint8Array(64), 0, 64, null), { code: "ESRCH" });
    closeSync(fd);
  }
});

test("link() gives the target of a link", () => {
  assert.equal(textOf(reader.link(process.pid, "cwd")), process.cwd());
  assert.match(textOf(reader.link("self", "ns/pid")), /^pid:\[\d+\]$/);
});

test("readProcess() gives all of a child", async () => {
  await withChild(WAIT, ["a b", ""], (pid) => {
    const stat = parseStat(reader.read(pid, "stat")!)!;
    const record = readProcess(reader, pid)!;
    assert.equal(record.pid, pid);
    assert.equal(record.tgid, pid);
    assert.equal(record.ppid, process.pid);
    assert.equal(record.uid, process.getuid!());
    assert.equal(record.threads, 1);
    assert.equal(record.startTicks, stat.startTicks);
    assert.equal(textOf(record.comm), "sh");
    assert.equal(textOf(record.argv), `/bin/sh\0-c\0${WAIT}\0sh\0a b\0\0`);
  });
});

test("readProcess() gives the process of a thread's id", () => {
  const status = parseStatus(reader.read("self", "status")!)!;
  assert.ok(status.threads > 1);
  const tasks = openProcfs(`/proc/${process.pid}/task`).pids();
  const thread = tasks.find((tid) => tid !== process.pid)!;
  const record = readProcess(reader, thread)!;
  assert.deepEqual([record.pid, record.tgid], [thread, process.pid]);
});

test("readProcess() gives the real uid, not the effective one", () => {
  const uid = unprivileged(() => readProcess(reader, process.pid)!.uid);
  assert.equal(uid, process.getuid!());
});

test("readProcess() tells a zombie's command line from an empty one", async () => {
  // It ends when the parent runs sleep already, which reaps nobody; a shell might have.
  await withChild("(sleep 0.2; exit 3) & echo $!; exec sleep 1000", [], async (_, line) => {
    const zombie = await until(() => {
      const record = readProcess(reader, Number(line));
      return record?.state === "Z".charCodeAt(0) ? record : null;
    });
    assert.equal(zombie.argv, null);
    assert.equal(zombie.exitCode, 3 << 8);
    assert.equal(textOf(zombie.comm), "sh");
  });
});

const noThreads = kernelThread() === undefined;
test(
  `readProcess() gives no arguments for a kernel thread${
    noThreads ? " (skipped: none to be seen in this pid namespace)" : ""
  }`,
  { skip: noThreads },
  () => {
    const record = readProcess(reader, kernelThread()!)!;
    assert.deepEqual(record.argv, new Uint8Array());
    assert.equal(record.vsize, 0);
  },
);

test("stat, status and comm agree on hostile names", async () => {
  const names = [
    "(a b ) ( c d)",
    "a) R 1\\n",
    "\\\\n\\n\\t",
    "\\033[31m\\377\\303",
    ")",
    "\\n) Z 1 1",
  ];
  for (const name of names) {
    await withChild(`printf '${name}' > /proc/$$/comm; ${WAIT}`, [], (pid) => {
      const comm = textOf(reader.read(pid, "comm"));
      assert.equal(`${textOf(readProcess(reader, pid)!.comm)}\n`, comm);
      assert.equal(`${textOf(parseStatus(reader.read(pid, "status")!)!.name)}\n`, comm);
      assert.equal(readProcess(reader, pid)!.ppid, process.pid);
    });
  }
});

test("readProcess() works on any folder that looks like /proc", () => {
  withFakeProc({
    stat: readFixture("proc/stat_parens.txt"),
    status: readFixture("proc/status_nobody.txt"),
    cmdline: readFixture("proc/cmdline_empty_last.txt"),
  }, (root) => {
    const fake = openProcfs(root);
    assert.deepEqual(fake.pids(), [7]);
    const record = readProcess(fake, 7)!;
    assert.equal(record.uid, 65534);
    assert.equal(textOf(record.comm), "(a b ) ( c d)");
    assert.equal(textOf(record.argv), "cat\0/proc/self/cmdline\0\0");
  });
});

test("readProcess() takes a task that is being released for gone", () => {
  const line = (threads: number) =>
    `7 (a) Z 0 -1 -1 0 -1 4 0 0 0 0 0 0 0 0 20 0 ${threads} 0 5 0 0 ${"0 ".repeat(28)}\n`;
  for (const threads of [0, 1]) {
    withFakeProc({ stat: new TextEncoder().encode(line(threads)) }, (root) => {
      assert.equal(readProcess(openProcfs(root), 7) === null, threads === 0);
    });
  }
});

test("readProcess() gives null for what a missing file would tell, and null without stat", () => {
  withFakeProc({ stat: readFixture("proc/stat_zombie.txt") }, (root) => {
    const record = readProcess(openProcfs(root), 7)!;
    assert.deepEqual([record.uid, record.tgid, record.argv], [null, null, null]);
  });
  withFakeProc({ status: readFixture("proc/status_nobody.txt") }, (root) => {
    assert.equal(readProcess(openProcfs(root), 7), null);
  });
  withFakeProc({ stat: readFixture("proc/stat_plain.txt").slice(0, 50) }, (root) => {
    assert.equal(readProcess(openProcfs(root), 7), null);
  });
});

test("read() stops at 8 MiB, and at 64 KiB of what a process fills as it likes", () => {
  const endless = new Uint8Array((8 << 20) + 5).fill(1);
  withFakeProc({ cmdline: endless, environ: endless, mountinfo: endless }, (root) => {
    const reader = openProcfs(root);
    const lengths = ["cmdline", "environ", "mountinfo"].map((name) => reader.read(7, name)!.length);
    assert.deepEqual(lengths, [64 << 10, 64 << 10, 8 << 20]);
    assert.equal(reader.sizeOf(7, "cmdline", 64 << 10), endless.length);
  });
});

test("a file that made the buffer grow leaves the reads of others as they were", () => {
  withFakeProc({ mountinfo: new Uint8Array(5 << 20).fill(1) }, (root) => {
    const [fake, real] = [openProcfs(root), openProcfs("/proc")];
    assert.equal(fake.read(7, "mountinfo")!.length, 5 << 20);
    assert.ok(real.read(null, "sys/kernel/random/boot_id")!.length > 30);
  });
});

test("readProcess() says how much of a command line it has not read", () => {
  const cmdline = new TextEncoder().encode("prog\0" + "\u20ac".repeat(40_000) + "\0");
  withFakeProc({ stat: readFixture("proc/stat_plain.txt"), cmdline }, (root) => {
    const { argv, argvMore } = readProcess(openProcfs(root), 7)!;
    // No character is cut apart.
    assert.equal(argv!.length, 5 + Math.floor(((64 << 10) - 5) / 3) * 3);
    assert.equal(argv!.length + argvMore, cmdline.length);
  });
});

test("tasks() lists the threads of a process, and none of one that is gone", () => {
  const reader = openProcfs("/proc");
  const tasks = reader.tasks(process.pid);
  assert.ok(tasks.includes(process.pid) && tasks.length > 1, tasks.join());
  assert.deepEqual(tasks, [...tasks].sort((a, b) => a - b));
  assert.deepEqual(reader.tasks(4_194_304), []);
});

test("readProcess() asks for its files together", () => {
  const asked: (readonly string[])[] = [];
  const fake: ProcReader = {
    ...{ pids: () => [], tasks: () => [], read: () => null, link: () => null, sizeOf: () => null },
    readTogether: (_, names) => {
      asked.push(names);
      return names.map(() => null);
    },
  };
  assert.equal(readProcess(fake, 7), null);
  assert.deepEqual(asked, [["stat", "status", "cmdline"]]);
});

test("readProcess() keeps a rewritten title and a command line that ends oddly as they are", () => {
  for (const name of ["title", "empty_last"]) {
    const cmdline = readFixture(`proc/cmdline_${name}.txt`);
    withFakeProc({ stat: readFixture("proc/stat_plain.txt"), cmdline }, (root) => {
      assert.deepEqual(readProcess(openProcfs(root), 7)!.argv, cmdline);
    });
  }
});
