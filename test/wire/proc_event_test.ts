import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  decodeProcEvent,
  encodeMcastOp,
  encodeProcEvent,
  encodeSockaddrNl,
  PROC_CN_MCAST,
  PROC_EVENT,
  ProcDatagram,
} from "../../src/wire/proc_event.ts";
import { SEED } from "../proc/mutate.ts";
import { random } from "../support/random.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/netlink/", import.meta.url));

function fromHex(line: string): Uint8Array {
  return Uint8Array.from(line.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function readDatagrams(name: string): Uint8Array[] {
  return readFileSync(FIXTURES + name, "utf8").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")).map(fromHex);
}

function decode(bytes: Uint8Array): ProcDatagram | null {
  const event = new ProcDatagram();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decodeProcEvent(view, 0, bytes.length, event) ? event : null;
}

const NAMES = new Map<number, string>(
  Object.entries(PROC_EVENT).map(([name, what]) => [what, name]),
);

function kinds(name: string): string[] {
  return readDatagrams(name).map((bytes) => NAMES.get(decode(bytes)!.what)!);
}

test("decodeProcEvent() reads what a shell and its children do", () => {
  const events = readDatagrams("fork_exec_exit.hex").map((bytes) => decode(bytes)!);
  const [ack, ...rest] = events;
  assert.equal(ack!.what, PROC_EVENT.NONE);
  assert.equal(ack!.words[0], 0);
  const shell = rest[0]!.words[3]!;
  const told = rest.map(({ what, words }) => {
    if (what === PROC_EVENT.FORK) return `fork ${words[1] === shell} ${words[2] === words[3]}`;
    if (what === PROC_EVENT.EXIT) return `exit ${words[2]!.toString(16)} ${words[3]}`;
    return NAMES.get(what);
  });
  assert.deepEqual(told, [
    "fork false true",
    "EXEC",
    "fork true true",
    "EXEC",
    "exit 0 17",
    "fork true true",
    "exit 300 17",
    "exit 9 17",
  ]);
  assert.ok(rest.every(({ time }, i) => i === 0 || rest[i - 1]!.cpu !== rest[i]!.cpu || time > 0));
});

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "comm.hex": ["COMM"],
  "setuid.hex": ["UID"],
  "setgid.hex": ["GID"],
  "setsid.hex": ["SID"],
  "ptrace.hex": ["PTRACE"],
  "coredump.hex": ["COREDUMP", "EXIT"],
  "thread_2.hex": ["FORK", "EXIT"],
  "exec_from_thread.hex": ["EXIT", "EXEC"],
  "orphan.hex": ["FORK", "EXIT"],
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`decodeProcEvent() finds ${expected.join(" and ")} in ${name}`, () => {
    const found = kinds(name);
    for (const kind of expected) assert.ok(found.includes(kind), found.join(" "));
  });
}

test("encodeProcEvent() gives back the bytes the kernel sent", () => {
  for (const name of readdirSync(FIXTURES)) {
    for (const bytes of readDatagrams(name)) {
      const expected = bytes.slice();
      expected.fill(0, 12, 16); // nlmsg_pid is the sender's, 0 here
      assert.deepEqual(encodeProcEvent(decode(bytes)!), expected, name);
    }
  }
});

test("decodeProcEvent() reads the shorter exits of old kernels, parents as 0", () => {
  const event = decode(readDatagrams("fork_exec_exit.hex").at(-1)!)!;
  event.unionLength = 16;
  const short = decode(encodeProcEvent(event))!;
  assert.deepEqual([...short.words], [...event.words.subarray(0, 4), 0, 0]);
  event.unionLength = 12;
  assert.equal(decode(encodeProcEvent(event)), null, "too short for any kernel");
});

test("decodeProcEvent() keeps an event it does not know", () => {
  const event = new ProcDatagram();
  event.what = 0x1000;
  event.unionLength = 0;
  assert.equal(decode(encodeProcEvent(event))?.what, 0x1000);
});

test("decodeProcEvent() refuses what is no proc event", () => {
  const bytes = readDatagrams("fork_exec_exit.hex")[1]!;
  const changed = (at: number, value: number) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return decode(copy);
  };
  assert.notEqual(decode(bytes), null);
  assert.equal(changed(0, 77), null, "longer than it is");
  assert.equal(changed(4, 2), null, "an error message");
  assert.equal(changed(16, 9), null, "another connector index");
  assert.equal(changed(20, 9), null, "another connector value");
  assert.equal(changed(32, 60), null, "a payload longer than the message");
});

test(`decodeProcEvent() survives any cut and any change, seed ${SEED}`, () => {
  const next = random(SEED);
  for (const name of readdirSync(FIXTURES)) {
    for (const bytes of readDatagrams(name)) {
      for (let end = 0; end <= bytes.length; end++) decode(bytes.slice(0, end));
      for (let round = 0; round < 100; round++) {
        const copy = bytes.slice();
        for (let n = 0; n < 4; n++) copy[Math.floor(next() * copy.length)] = next() * 256;
        const event = decode(copy);
        if (event !== null) assert.ok(event.unionLength >= 0 && event.unionLength <= 24);
      }
    }
  }
});

test("encodeMcastOp() makes the 40 bytes that every kernel takes", () => {
  const bytes = encodeMcastOp(PROC_CN_MCAST.LISTEN, 0x01020304);
  const words = new Uint32Array(bytes.buffer);
  assert.deepEqual([...words], [40, 3, 0, 0, 1, 1, 0, 0x01020304, 4, 1]);
});

test("encodeSockaddrNl() names family and groups", () => {
  assert.deepEqual([...encodeSockaddrNl(1)], [16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
});
