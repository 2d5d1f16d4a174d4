import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { openProcfs, type ProcReader } from "../../src/proc/procfs.ts";
import { readProcesses, withoutKernelThreads } from "../../src/proc/processes.ts";
import { type FakeProcess, fakeProcfs } from "../support/fake_procfs.ts";

const PF_KTHREAD = 0x00200000;
const INIT = { pid: 1, ppid: 0, comm: "init", cmdline: "init\0" };
const SHELL = { pid: 50, ppid: 1, comm: "sh", cmdline: "sh\0" };

function withProcfs(
  processes: readonly FakeProcess[],
  use: (reader: ProcReader) => void,
  files: Readonly<Record<string, string>> = {},
): void {
  const { root, remove } = fakeProcfs(processes, files);
  try {
    use(openProcfs(root));
  } finally {
    remove();
  }
}

const pidsOf = (records: readonly { pid: number }[]) => records.map(({ pid }) => pid);

test("readProcesses() reads the ancestors of what is asked for", () => {
  withProcfs([INIT, SHELL, { ...SHELL, pid: 60, ppid: 50 }], (reader) => {
    assert.deepEqual(pidsOf(readProcesses(reader, [60])), [60, 50, 1]);
    assert.deepEqual(pidsOf(readProcesses(reader, reader.pids())), [1, 50, 60]);
  });
});

test("readProcesses() leaves out what vanished, and threads", () => {
  withProcfs([INIT, { ...SHELL, pid: 51, tgid: 50 }], (reader) => {
    assert.deepEqual(pidsOf(readProcesses(reader, [1, 51, 4711])), [1]);
  });
});

test("readProcesses() reads an orphan again whose parent ended meanwhile", () => {
  withProcfs([INIT, SHELL, { ...SHELL, pid: 70, ppid: 60 }], (reader) => {
    withProcfs([{ ...SHELL, pid: 70, ppid: 50 }], (later) => {
      let looks = 0;
      const changing: ProcReader = {
        ...reader,
        readTogether: (pid, names) =>
          (pid === 70 && ++looks > 1 ? later : reader).readTogether(pid, names),
      };
      const records = readProcesses(changing, [1, 70]);
      assert.deepEqual(records.map(({ pid, ppid }) => [pid, ppid]), [[1, 0], [70, 50], [50, 1]]);
    });
  });
});

test("readProcesses() ends where the parent is another one at every look", () => {
  withProcfs([INIT, { ...SHELL, pid: 70, ppid: 60 }], (reader) => {
    withProcfs([{ ...SHELL, pid: 70, ppid: 61 }], (other) => {
      let looks = 0;
      const changing: ProcReader = {
        ...reader,
        readTogether: (pid, names) => {
          if (pid === 70 && ++looks > 10_000) throw new Error("no end");
          return (pid === 70 && looks % 2 === 0 ? other : reader).readTogether(pid, names);
        },
      };
      assert.deepEqual(pidsOf(readProcesses(changing, [1, 70])), [1, 70]);
    });
  });
});

test("readProcesses() keeps a process whose parent is hidden, and one below itself", () => {
  withProcfs([{ ...SHELL, ppid: 49 }, { ...SHELL, pid: 60, ppid: 60 }], (reader) => {
    assert.deepEqual(pidsOf(readProcesses(reader, [50, 60])), [50, 60]);
  });
});

const KTHREADD = { pid: 2, ppid: 0, comm: "kthreadd", flags: PF_KTHREAD };
const CHILDREN = { "2/task/2/children": "3 14 " };

const THREADS = [3, 14].map((pid) => ({ ...KTHREADD, pid, ppid: 2, comm: "kworker/0:0" }));

test("withoutKernelThreads() takes out kthreadd and its children", () => {
  withProcfs([INIT, KTHREADD, ...THREADS], (reader) => {
    assert.deepEqual(withoutKernelThreads(reader, [1, 2, 3, 14, 15]), [1, 15]);
  }, CHILDREN);
});

test("withoutKernelThreads() leaves programs that the kernel started", () => {
  const [thread] = THREADS;
  withProcfs([INIT, KTHREADD, thread!, { ...SHELL, pid: 14, ppid: 2 }], (reader) => {
    assert.deepEqual(withoutKernelThreads(reader, [1, 2, 3, 14]), [1, 14]);
    assert.deepEqual(pidsOf(readProcesses(reader, [14])), [14, 2]);
  }, CHILDREN);
});

test("withoutKernelThreads() leaves all where pid 2 is a program, or tells no children", () => {
  withProcfs([INIT, { ...KTHREADD, flags: 0 }], (reader) => {
    assert.deepEqual(withoutKernelThreads(reader, [1, 2, 3]), [1, 2, 3]);
  }, CHILDREN);
  withProcfs([INIT, KTHREADD], (reader) => {
    assert.deepEqual(withoutKernelThreads(reader, [1, 2, 3]), [1, 2, 3]);
  });
});

test("readProcesses() finds this process and its parents in /proc", () => {
  const reader = openProcfs("/proc");
  const all = readProcesses(reader, reader.pids());
  const own = all.find(({ pid }) => pid === process.pid);
  assert.equal(own?.ppid, process.ppid);
  assert.ok(all.some(({ pid }) => pid === process.ppid));
});
