import assert from "node:assert/strict";
import test from "node:test";
import { parseCgroup, parseOuterPlace } from "../../src/proc/cgroup.ts";
import { storageBytesOf } from "../../src/proc/io.ts";
import { bootTimeOf, processesOf } from "../../src/proc/kernel_stat.ts";
import { lastPidOf } from "../../src/proc/loadavg.ts";
import { procOptions } from "../../src/proc/mounts.ts";
import { parseNamespace } from "../../src/proc/namespaces.ts";
import { parseNetlink } from "../support/netlink.ts";
import { parsePasswd } from "../../src/proc/passwd_text.ts";
import { cpuTimeOf } from "../../src/proc/schedstat.ts";
import { parseStat } from "../../src/proc/stat.ts";
import { parseStatus, realUidOf, tgidOf } from "../../src/proc/status.ts";
import { switchesOf } from "../../src/proc/switches.ts";
import { readFixture } from "../support/fixture.ts";
import { mutated, randomBelow, SEED } from "./mutate.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Every number in `value`, however deep, is finite and no NaN; nothing is undefined. */
function assertSound(value: unknown): void {
  assert.notEqual(value, undefined);
  if (typeof value === "number") assert.ok(Number.isFinite(value), String(value));
  else if (value instanceof Map) [...value].flat().forEach(assertSound);
  else if (value instanceof Uint8Array) return;
  else if (typeof value === "object" && value !== null) Object.values(value).forEach(assertSound);
}

const CASES: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
  ...["plain", "parens", "bytes", "zombie", "kthread"].map((name) =>
    ["parseStat()", readFixture(`proc/stat_${name}.txt`), parseStat] as const
  ),
  ...["bytes", "nobody", "pidns", "kthread"].flatMap((name) => {
    const bytes = readFixture(`proc/status_${name}.txt`);
    return [
      ["parseStatus()", bytes, parseStatus],
      ["realUidOf()", bytes, (b: Uint8Array) => realUidOf(b, b.length)],
      ["tgidOf()", bytes, (b: Uint8Array) => tgidOf(b, b.length)],
      ["switchesOf()", bytes, (b: Uint8Array) => switchesOf(b, b.length)],
    ] as const;
  }),
  ["storageBytesOf()", readFixture("proc/io.txt"), (b) => storageBytesOf(b, b.length)],
  ["cpuTimeOf()", readFixture("proc/schedstat.txt"), (b) => cpuTimeOf(b, b.length)],
  ["lastPidOf()", readFixture("proc/loadavg.txt"), (b) => lastPidOf(b, b.length)],
  ["processesOf()", readFixture("proc/kernel_stat.txt"), (b) => processesOf(b, b.length)],
  ["bootTimeOf()", readFixture("proc/kernel_stat.txt"), (b) => bootTimeOf(b, b.length)],
  ["parseCgroup()", readFixture("proc/cgroup_hybrid.txt"), (b) => parseCgroup(textOf(b))],
  [
    "parseCgroup()",
    bytesOf(`0::/machine.slice/machine-a\\x2db.scope/docker-${"ab".repeat(32)}.scope\n`),
    (b) => parseCgroup(textOf(b)),
  ],
  [
    "parseOuterPlace()",
    bytesOf(`1:name=systemd:/user.slice/user-1000.slice/docker-${"ab".repeat(32)}.scope\n0::/a\n`),
    (b) => parseOuterPlace(textOf(b)),
  ],
  ["procOptions()", readFixture("proc/mountinfo_hidepid.txt"), (b) => procOptions(textOf(b))],
  ["parseNetlink()", readFixture("proc/netlink.txt"), (b) => parseNetlink(textOf(b))],
  ["parsePasswd()", bytesOf("root:x:0:0::/:\na:x:10:10::/:\n"), (b) => parsePasswd(textOf(b))],
  ["parseNamespace()", bytesOf("pid:[4026531836]"), (b) => parseNamespace(textOf(b))],
];

test(`parsers give a record or null for damaged files (FH_SEED=${SEED})`, () => {
  const below = randomBelow(SEED);
  for (const [name, bytes, parse] of CASES) {
    for (let round = 0; round < 1000; round++) {
      const damaged = mutated(bytes, below);
      try {
        assertSound(parse(damaged));
      } catch (cause) {
        const shown = JSON.stringify(textOf(damaged));
        throw new Error(`${name} failed with FH_SEED=${SEED}, round ${round}: ${shown}`, { cause });
      }
    }
  }
});
