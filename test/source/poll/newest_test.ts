import assert from "node:assert/strict";
import { test } from "node:test";
import type { Known } from "../../../src/source/poll/known.ts";
import { NewestProcesses } from "../../../src/source/poll/newest.ts";
import { fakeLibc } from "../../support/fake_libc.ts";

function newest(): { newest: NewestProcesses; closed: number[] } {
  const closed: number[] = [];
  const libc = fakeLibc({
    close(fd) {
      closed.push(fd);
      return 0;
    },
  });
  return { newest: new NewestProcesses(libc), closed };
}

const known = (pid: number) => ({ pid }) as unknown as Known;
const entry = (of: Known) => ({
  known: of,
  handle: of.pid * 3,
  cmdline: of.pid * 3 + 1,
  comm: of.pid * 3 + 2,
});

test("entries are newest first, and the oldest makes room and is closed", () => {
  const { newest: processes, closed } = newest();
  for (let pid = 100; pid < 117; pid++) processes.add(entry(known(pid)));
  assert.deepEqual(processes.entries.map((one) => one.known.pid).slice(0, 2), [116, 115]);
  assert.equal(processes.entries.length, 16);
  assert.deepEqual(closed.sort(), [300, 301, 302]);
});

test("remove() closes what is followed, and only that", () => {
  const { newest: processes, closed } = newest();
  const [one, other] = [known(1), known(2)];
  processes.add(entry(one));
  processes.remove(other);
  assert.deepEqual(closed, []);
  processes.remove(one);
  processes.remove(one);
  assert.deepEqual(closed.sort(), [3, 4, 5]);
  processes.add(entry(other));
  processes.close();
  assert.deepEqual(closed.sort(), [3, 4, 5, 6, 7, 8]);
  assert.equal(processes.entries.length, 0);
});
