import assert from "node:assert/strict";
import { test } from "node:test";
import { hasGivenOut, PidCounter, pidsBetween } from "../../../src/source/poll/pid_counter.ts";
import { ProcFiles } from "../../../src/source/proc_files.ts";
import { fakeLibc } from "../../support/fake_libc.ts";

test("pidsBetween() is empty while the counter stands still", () => {
  assert.deepEqual(pidsBetween(500, 500, 32768), []);
});

test("pidsBetween() names what was given out since", () => {
  assert.deepEqual(pidsBetween(500, 503, 32768), [{ from: 501, to: 503 }]);
});

test("pidsBetween() goes round where the kernel does", () => {
  assert.deepEqual(pidsBetween(32766, 301, 32768), [{ from: 32767, to: 32767 }, {
    from: 300,
    to: 301,
  }]);
  assert.deepEqual(pidsBetween(32767, 300, 32768), [{ from: 300, to: 300 }]);
});

test("hasGivenOut() needs two readings and a pid between them", () => {
  assert.equal(hasGivenOut(500, 503, 501, 32768), true);
  assert.equal(hasGivenOut(500, 503, 500, 32768), false);
  assert.equal(hasGivenOut(500, 500, 500, 32768), false);
  assert.equal(hasGivenOut(32766, 301, 300, 32768), true);
  assert.equal(hasGivenOut(-1, 503, 501, 32768), false);
  assert.equal(hasGivenOut(500, -1, 501, 32768), false);
  // A fork that failed has a negative errno for a pid.
  assert.equal(hasGivenOut(500, 503, -11, 32768), false);
});

/** Files of a made-up /proc; each fork moves those that `follows` names by `others` + 1. */
interface Place {
  readonly loadavg?: number;
  readonly ns_last_pid?: number;
  readonly stat?: number;
  readonly follows: readonly string[];
  readonly others?: number;
  readonly forks?: boolean;
}

/** The counter of such a place. */
function counterIn({ follows, others = 0, forks = true, ...numbers }: Place): PidCounter {
  const counts: Record<string, number> = { ...numbers };
  const names = ["loadavg", "ns_last_pid", "stat"];
  let pid = 40;
  const libc = fakeLibc({
    openat(_, path) {
      const name = names.findIndex((one) => decode(path).endsWith(`/${one}\0`));
      return name < 0 || counts[names[name]!] === undefined ? -2 : 10 + name;
    },
    pread(fd, into) {
      const name = names[fd - 10]!;
      const number = counts[name]!;
      // The host of lxcfs forks all the time.
      if (name === "loadavg" && !follows.includes(name)) counts[name] = number + 1;
      const text = { loadavg: `0.1 0.2 0.3 1/80 ${number}\n`, ns_last_pid: `${number}\n` }[name] ??
        `cpu 1 2\nprocesses ${number}\n`;
      return new TextEncoder().encodeInto(text, into).written;
    },
    forkBriefly() {
      if (!forks) return -11;
      pid += others + 1;
      for (const name of follows) counts[name] = (counts[name] ?? 0) + others + 1;
      return pid;
    },
  });
  return new PidCounter(libc, new ProcFiles(libc, "/proc"));
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const statesOf = ({ loadavg, nsLastPid, stat }: PidCounter) => [loadavg, nsLastPid, stat];

test("a counter that follows our forks is believed, and the first of two is read", () => {
  const both = ["loadavg", "ns_last_pid", "stat"];
  for (const others of [0, 7]) {
    const counter = counterIn({ loadavg: 40, ns_last_pid: 40, stat: 9, follows: both, others });
    assert.deepEqual(statesOf(counter), ["believed", "believed", "believed"]);
    assert.equal(counter.lastPid() > 40, true);
  }
});

test("a pid of the host in loadavg is not believed: ns_last_pid is read instead", () => {
  const follows = ["ns_last_pid", "stat"];
  const counter = counterIn({ loadavg: 24_000, ns_last_pid: 40, stat: 9, follows });
  assert.deepEqual(statesOf(counter), ["foreign", "believed", "believed"]);
  assert.equal(counter.lastPid(), 41);
});

test("where no counter follows there is none, and the count of forks falls with it", () => {
  const counter = counterIn({ loadavg: 24_000, stat: 9, follows: [] });
  assert.deepEqual(statesOf(counter), ["foreign", "hidden", "foreign"]);
  assert.deepEqual([counter.available, counter.lastPid()], [false, -1]);
});

test("where we may not fork nothing is believed", () => {
  const follows = ["loadavg", "stat"];
  const counter = counterIn({ loadavg: 40, stat: 9, follows, forks: false });
  assert.deepEqual(statesOf(counter), ["untried", "hidden", "untried"]);
});
