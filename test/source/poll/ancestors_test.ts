import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Libc } from "../../../ffi/libc.ts";
import { FCNTL } from "../../../ffi/linux.ts";
import { openLibc } from "../../../ffi/mod.ts";
import { BatchWriter, readBatch } from "../../../src/model/batch.ts";
import { EVENT } from "../../../src/model/event.ts";
import { Clocks } from "../../../src/source/clocks.ts";
import { Poller } from "../../../src/source/poll/poller.ts";
import { fakeLibc } from "../../support/fake_libc.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";

/** A libc that reads files, and counts the folders of processes that are open at once. */
function countingLibc(libc: Libc): { libc: Libc; most(): number } {
  const folders = new Set<number>();
  let most = 0;
  const counting = fakeLibc({
    openat(directory, path, flags) {
      const fd = libc.openat(directory, path, flags);
      if (fd >= 0 && (flags & FCNTL.O_DIRECTORY) !== 0) folders.add(fd);
      most = Math.max(most, folders.size);
      return fd;
    },
    close(fd) {
      folders.delete(fd);
      return libc.close(fd);
    },
    read: (fd, into) => libc.read(fd, into),
    pread: (fd, into, offset) => libc.pread(fd, into, offset),
    clockGettime: (clock) => libc.clockGettime(clock),
    clockRealtime: () => libc.clockRealtime(),
    pidfdOpen: () => -1,
    epollCreate: () => -1,
    inotifyInit: () => -1,
    readlinkat: () => -1,
    schedGetaffinity: () => -1,
  });
  return { libc: counting, most: () => most };
}

test("a chain of new processes, the youngest with the lowest pid, is met one by one", async () => {
  const generations = 300;
  const first = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", cmdline: "init\0" }]);
  const chain = Array.from({ length: generations }, (_, at) => at + 500);
  const last = chain.at(-1)!;
  const later = fakeProcfs(chain.map((pid) => {
    return { pid, ppid: pid === last ? 1 : pid + 1, comm: "chain", cmdline: "chain\0" };
  }));
  try {
    const { libc, most } = countingLibc(await openLibc());
    const clocks = new Clocks(libc);
    const options = { procRoot: first.root, env: [], intervalNs: null, realtime: false };
    const poller = new Poller(libc, clocks, { ...options, source: "poll" }, -1, "a test");
    const writer = new BatchWriter();
    poller.snapshot(writer);
    writer.take(Infinity, clocks.epoch);
    for (const pid of chain) renameSync(join(later.root, `${pid}`), join(first.root, `${pid}`));
    poller.settle(writer);
    const parents = new Map<number, number>();
    readBatch(writer.take(Infinity, clocks.epoch)!, (event) => {
      if (event.kind === EVENT.fork) parents.set(event.pid, event.b);
    });
    poller.close();
    assert.equal(parents.size, generations);
    for (const pid of chain) assert.equal(parents.get(pid), pid === last ? 1 : pid + 1);
    assert.deepEqual([...parents.keys()], chain.reverse(), "parents come before their children");
    assert.ok(most() < 100, `${most()} folders open at once`);
  } finally {
    first.remove();
    later.remove();
  }
});
