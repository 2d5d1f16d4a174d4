import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { openLibc } from "../../../ffi/mod.ts";
import { parseStat } from "../../../src/proc/stat.ts";
import { Elsewhere } from "../../../src/source/poll/elsewhere.ts";
import { fakeLibc } from "../../support/fake_libc.ts";

/** A kernel that allows `cpus`; the masks that were set, as lists of CPUs. */
function kernel(cpus: readonly number[]): { elsewhere: Elsewhere; set: number[][] } {
  const set: number[][] = [];
  const libc = fakeLibc({
    schedGetaffinity(into) {
      for (const cpu of cpus) into[cpu >> 3]! |= 1 << (cpu & 7);
      return 0;
    },
    schedSetaffinity(mask) {
      const all = Array.from({ length: mask.length * 8 }, (_, cpu) => cpu);
      set.push(all.filter((cpu) => (mask[cpu >> 3]! & (1 << (cpu & 7))) !== 0));
      return 0;
    },
  });
  return { elsewhere: new Elsewhere(libc), set };
}

test("one CPU is avoided at a time, and none after release()", () => {
  const { elsewhere, set } = kernel([0, 3, 9]);
  elsewhere.avoid(3);
  elsewhere.avoid(3);
  elsewhere.avoid(9);
  elsewhere.release();
  elsewhere.release();
  assert.deepEqual(set, [[0, 9], [0, 3], [0, 3, 9]]);
});

test("a thread that may run on one CPU stays there, and so does one that knows no CPU", () => {
  const { elsewhere, set } = kernel([5]);
  elsewhere.avoid(5);
  elsewhere.release();
  const two = kernel([0, 1]);
  two.elsewhere.avoid(null);
  two.elsewhere.release();
  assert.deepEqual([...set, ...two.set], []);
});

test("a CPU beyond the mask leaves all others", () => {
  const { elsewhere, set } = kernel([0, 1]);
  elsewhere.avoid(5000);
  assert.deepEqual(set, [[0, 1]]);
});

const few = availableParallelism() < 2 ? " (needs two CPUs)" : "";

test(`the kernel moves this thread off the CPU that its stat line names${few}`, {
  skip: few !== "",
}, async () => {
  const elsewhere = new Elsewhere(await openLibc());
  const own = () => parseStat(readFileSync("/proc/thread-self/stat"))?.processor ?? null;
  for (let times = 0; times < 20; times++) {
    const here = own();
    assert.notEqual(here, null);
    elsewhere.avoid(here);
    assert.notEqual(own(), here);
  }
  elsewhere.release();
});
