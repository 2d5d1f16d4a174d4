import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCT_SIZE, AcctRecord, comp, comp2 } from "../../src/wire/acct.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { mutated, randomBelow, SEED } from "../proc/mutate.ts";
import { acctFile, type AcctParts, acctRecord, encodeComp, encodeComp2 } from "../support/acct.ts";

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function read(bytes: Uint8Array, at = 0): AcctRecord {
  const record = new AcctRecord();
  record.read(viewOf(bytes), at);
  return record;
}

/** The fields of a record, and its name as text. */
function fieldsOf(record: AcctRecord) {
  return { ...record, comm: new TextDecoder().decode(record.comm) };
}

const PARTS: AcctParts = {
  flags: 0x12,
  status: 9,
  uid: 70_000,
  gid: 80_000,
  pid: 4711,
  ppid: 900,
  start: 0xfffffff0,
  elapsed: 123_456,
  user: 700,
  system: 30,
  mem: 2476,
  io: 5,
  rw: 6,
  minor: 8191,
  major: 3,
  swaps: 1,
  comm: "0123456789abcde",
};

for (const version of [2, 3] as const) {
  for (const big of [false, true]) {
    test(`a record of version ${version}, ${big ? "big" : "little"} endian, is read`, () => {
      const record = read(acctRecord({ ...PARTS, version, big }));
      assert.deepEqual(fieldsOf(record), {
        version,
        bigEndian: big,
        flags: 0x12,
        waitStatus: 9,
        uid: 70_000,
        gid: 80_000,
        pid: version === 3 ? 4711 : null,
        ppid: version === 3 ? 900 : null,
        startS: 0xfffffff0,
        elapsedCs: 123_456,
        userCs: 700,
        systemCs: 30,
        memKib: 2476,
        io: 5,
        rw: 6,
        minorFaults: 8191,
        majorFaults: 3,
        swaps: 1,
        comm: "0123456789abcde",
      });
    });
  }
}

test("a real record of Linux 6.18 is read: sh -c 'exit 3'", () => {
  const hex = "00030000" + "00030000" + "0000000000000000" + "cf700000" + "cb700000" +
    "d805066b" + "00000000" + "00000000" + "200a0803" + "00005700" + "01000000" +
    "7368" + "00".repeat(14);
  const bytes = Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
  const { pid, ppid, waitStatus, startS, memKib, minorFaults, majorFaults } = read(bytes);
  assert.deepEqual(
    [pid, ppid, waitStatus, startS, memKib, minorFaults, majorFaults],
    [28_879, 28_875, 3 << 8, 1_795_556_824, 2592, 87, 1],
  );
});

test("records of one file may differ in version and byte order", () => {
  const file = acctFile({ pid: 1 }, { version: 2, big: true, uid: 5 }, { pid: 3, big: true });
  const record = new AcctRecord();
  const seen = [0, 1, 2].map((index) => {
    record.read(viewOf(file), index * ACCT_SIZE);
    return [record.version, record.bigEndian, record.pid, record.uid];
  });
  assert.deepEqual(seen, [[3, false, 1, 0], [2, true, null, 5], [3, true, 3, 0]]);
});

test("a v2 record has its own clock; 0 is the usual one", () => {
  const parts = { version: 2, elapsed: 2048, user: 1024, system: 512 } as const;
  const { elapsedCs, userCs, systemCs } = read(acctRecord({ ...parts, ahz: 1024 }));
  assert.deepEqual([elapsedCs, userCs, systemCs], [200, 100, 50]);
  assert.equal(read(acctRecord({ ...parts, ahz: 0 })).userCs, 1024);
});

test("a time that is none is not known", () => {
  for (const elapsed of [NaN, Infinity, -Infinity, -1]) {
    for (const big of [false, true]) {
      assert.equal(read(acctRecord({ elapsed, big })).elapsedCs, null);
    }
  }
});

test("comp() undoes comp_t to the precision it has, and knows its largest", () => {
  for (const value of [0, 1, 8191, 8192, 65_528, 1_000_000, 123_456_789, 17_177_772_032]) {
    const back = comp(encodeComp(value));
    assert.ok(Math.abs(back - value) <= value / 2048, `${value}: ${back}`);
  }
  assert.equal(comp(0xffff), 8191 * 8 ** 7);
  assert.equal(encodeComp(1e15), 0xffff);
});

test("comp2() undoes comp2_t to the precision it has, and knows its largest", () => {
  for (const value of [0, 1, 0x7ffff, 0x80000, 0xfffff, 0x100000, 0x100001, 87_654_321, 2 ** 40]) {
    const back = comp2(encodeComp2(value));
    assert.ok(Math.abs(back - value) <= value / 2 ** 19, `${value}: ${back}`);
  }
  assert.equal(comp2(0xffffff), 0xfffff * 2 ** 30);
});

test("a name of any bytes is kept, with and without a NUL", () => {
  const hostile = new Uint8Array([0xff, 0x1b, 0x0a, 0x2c, 0x00, 0x41]);
  assert.deepEqual(read(acctRecord({ comm: hostile })).comm, hostile.slice(0, 4));
  const full = new Uint8Array(17).fill(0x41);
  assert.equal(read(acctRecord({ comm: full })).comm.length, 16);
  assert.equal(read(acctRecord({ comm: full.subarray(0, 16), version: 2 })).comm.length, 16);
  assert.equal(read(acctRecord({ comm: "" })).comm.length, 0);
});

test("what is no record is named, and leaves the record as it was", () => {
  const record = read(acctRecord({ pid: 7 }));
  const bad = acctRecord({ pid: 8 });
  bad[1] = 0x84;
  const error = (text: string) => ({ name: "WireError", message: text });
  assert.throws(
    () => record.read(viewOf(bad), 0),
    error("Cannot decode acct record at byte 1: version 0x84, not 2 or 3"),
  );
  bad[1] = 3;
  bad[0] = 0x40;
  assert.throws(
    () => record.read(viewOf(bad), 0),
    error("Cannot decode acct record at byte 0: flags 0x40, which no kernel sets"),
  );
  assert.throws(
    () => record.read(viewOf(acctFile({}, new Uint8Array(63))), 64),
    error("Cannot decode acct record at byte 64: 63 of 64 bytes"),
  );
  assert.equal(record.pid, 7);
});

test(`damaged records give a record or the wire error (FH_SEED=${SEED})`, () => {
  const below = randomBelow(SEED);
  const record = new AcctRecord();
  const files = [
    acctFile(PARTS, { ...PARTS, big: true }),
    acctFile({ ...PARTS, version: 2 }, { ...PARTS, version: 2, big: true }),
  ];
  for (let round = 0; round < 20_000; round++) {
    const bytes = mutated(files[round % 2]!, below);
    for (let at = 0; at < bytes.length; at += ACCT_SIZE) {
      try {
        record.read(viewOf(bytes), at);
        assert.ok(record.comm.length <= 17 && record.userCs >= 0);
        assert.ok(record.elapsedCs === null || record.elapsedCs >= 0);
      } catch (error) {
        assert.ok(error instanceof WireError, `FH_SEED=${SEED}: ${error}`);
      }
    }
  }
});
