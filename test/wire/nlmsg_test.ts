import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeNlMsg, encodeNlMsg, nlmsgAlign } from "../../src/wire/nlmsg.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { SEED } from "../proc/mutate.ts";
import { random } from "../support/random.ts";

const HEADER = { len: 20, type: 3, flags: 5, seq: 0xfffffffe, pid: 4711 };

function encoded(): DataView {
  const view = new DataView(new ArrayBuffer(24));
  encodeNlMsg(view, 4, HEADER);
  return view;
}

test("decodeNlMsg() gives back what encodeNlMsg() wrote", () => {
  assert.deepEqual(decodeNlMsg(encoded(), 4, 24), HEADER);
});

test("decodeNlMsg() names what was wrong with a header", () => {
  assert.throws(() => decodeNlMsg(encoded(), 4, 19), {
    name: "WireError",
    message: "Cannot decode nlmsghdr at byte 4: 15 bytes, 16 needed",
  });
  assert.throws(() => decodeNlMsg(encoded(), 4, 23), {
    message: "Cannot decode nlmsghdr at byte 4: length 20 of 19",
  });
});

test(`decodeNlMsg() gives a record or the wire error for any bytes, seed ${SEED}`, () => {
  const next = random(SEED);
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(next() * 40) }, () => next() * 256);
    try {
      const { len } = decodeNlMsg(new DataView(bytes.buffer), 0, bytes.length);
      assert.ok(len >= 16 && len <= bytes.length);
    } catch (error) {
      assert.ok(error instanceof WireError, String(error));
    }
  }
});

test("nlmsgAlign() rounds up to four", () => {
  assert.deepEqual([0, 1, 4, 5, 76].map(nlmsgAlign), [0, 4, 4, 8, 76]);
});
