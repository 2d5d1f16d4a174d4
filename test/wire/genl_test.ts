import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeAnswer,
  decodeAttributes,
  decodeFamily,
  encodeAttributes,
  encodeGenl,
  encodeGetFamily,
  GENL_ID_CTRL,
  type GenlMessage,
  stringAttribute,
  u32Attribute,
} from "../../src/wire/genl.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { mutated, randomBelow, SEED } from "../proc/mutate.ts";
import { readFixture } from "../support/fixture.ts";

const FAMILY = readFixture("doctor/family.txt");
const NO_FAMILY = readFixture("doctor/no_family.txt");

function messageOf(bytes: Uint8Array): GenlMessage {
  const answer = decodeAnswer(bytes);
  assert.ok("cmd" in answer);
  return answer;
}

test("encodeGetFamily() asks as the kernel's header files say", () => {
  const expected = [
    ...[36, 0, 0, 0], // nlmsg_len
    ...[0x10, 0], // nlmsg_type GENL_ID_CTRL
    ...[1, 0], // nlmsg_flags NLM_F_REQUEST
    ...[7, 0, 0, 0], // nlmsg_seq
    ...[0, 0, 0, 0], // nlmsg_pid
    ...[3, 1, 0, 0], // CTRL_CMD_GETFAMILY, version, reserved
    ...[14, 0, 2, 0], // nla_len, CTRL_ATTR_FAMILY_NAME
    ...new TextEncoder().encode("TASKSTATS\0"),
    ...[0, 0], // padding
  ];
  assert.deepEqual([...encodeGetFamily("TASKSTATS", 7)], expected);
});

test("decodeFamily() reads a real answer of the controller", () => {
  assert.deepEqual(decodeFamily(messageOf(FAMILY)), { id: 31, name: "TASKSTATS", version: 1 });
});

test("decodeAnswer() reads a real refusal", () => {
  assert.deepEqual(decodeAnswer(NO_FAMILY), { seq: 3, errno: 2 });
});

test("decodeAnswer() reads an acknowledgement as errno 0", () => {
  const ack = NO_FAMILY.slice();
  ack.fill(0, 16, 20);
  assert.deepEqual(decodeAnswer(ack), { seq: 3, errno: 0 });
});

test("decodeAnswer() gives back what encodeGenl() wrote", () => {
  const message = {
    type: 31,
    flags: 5,
    seq: 0xfffffffe,
    cmd: 255,
    version: 7,
    attributes: [
      u32Attribute(1, 0xfedcba98),
      stringAttribute(0x3fff, "a"),
      { type: 3, bytes: new Uint8Array() },
      { type: 3, bytes: new Uint8Array(5).fill(9) },
    ],
  };
  assert.deepEqual(messageOf(encodeGenl(message)), message);
});

test("decodeAnswer() reads a message that lies in the middle of a buffer", () => {
  const buffer = new Uint8Array(FAMILY.length + 20);
  buffer.set(FAMILY, 10);
  const part = buffer.subarray(10, 10 + FAMILY.length);
  assert.equal(decodeFamily(messageOf(part)).id, 31);
});

test("decodeAttributes() leaves out the flags of the type", () => {
  const bytes = encodeAttributes([u32Attribute(0xc000 | 5, 1)]);
  assert.equal(decodeAttributes(bytes)[0]!.type, 5);
});

test("decodeAttributes() takes a last value without its padding", () => {
  assert.deepEqual(decodeAttributes(new Uint8Array([5, 0, 2, 0, 65])), [
    { type: 2, bytes: new Uint8Array([65]) },
  ]);
});

test("encodeAttributes() refuses a value that its length cannot tell", () => {
  const bytes = new Uint8Array(0x10000);
  assert.throws(() => encodeAttributes([{ type: 1, bytes }]), {
    name: "RangeError",
    message: "Cannot encode attribute: 65540 bytes",
  });
});

const MALFORMED: readonly (readonly [string, () => unknown, string])[] = [
  ["half an attribute", () => decodeAttributes(new Uint8Array(3)), "nlattr at byte 0: 3 bytes"],
  [
    "an attribute that is longer than the message",
    () => decodeAttributes(new Uint8Array([4, 0, 1, 0, 9, 0, 1, 0])),
    "nlattr at byte 4: length 9 of 4",
  ],
  [
    "an attribute without a header's length",
    () => decodeAttributes(new Uint8Array([3, 0, 1, 0])),
    "nlattr at byte 0: length 3 of 4",
  ],
  [
    "an error without its number",
    () => decodeAnswer(new Uint8Array([16, 0, 0, 0, 2, ...new Array(11).fill(0)])),
    "nlmsgerr at byte 0: length 16, 20 needed",
  ],
  [
    "a positive error",
    () => decodeAnswer(new Uint8Array([20, 0, 0, 0, 2, ...new Array(11).fill(0), 1, 0, 0, 0])),
    "nlmsgerr at byte 16: error 1",
  ],
  [
    "a control message that is no error",
    () => decodeAnswer(new Uint8Array([16, 0, 0, 0, 3, ...new Array(11).fill(0)])),
    "genlmsghdr at byte 4: type 3",
  ],
  [
    "a family's message without a command",
    () => decodeAnswer(new Uint8Array([16, 0, 0, 0, 31, ...new Array(11).fill(0)])),
    "genlmsghdr at byte 0: length 16, 20 needed",
  ],
  [
    "another command than NEWFAMILY",
    () => decodeFamily({ ...messageOf(FAMILY), cmd: 2 }),
    "family at byte 16: command 2",
  ],
  [
    "a family without a name",
    () => decodeFamily({ ...messageOf(FAMILY), attributes: [u32Attribute(1, 31)] }),
    "family name at byte 0: no such attribute",
  ],
  [
    "a family id that is cut",
    () => {
      const attributes = [{ type: 1, bytes: new Uint8Array(1) }];
      return decodeFamily({ ...messageOf(FAMILY), type: GENL_ID_CTRL, attributes });
    },
    "family id at byte 0: 1 bytes, 2 needed",
  ],
];

for (const [what, decode, seen] of MALFORMED) {
  test(`the wire error names ${what}`, () => {
    assert.throws(decode, (error) => {
      assert.ok(error instanceof WireError);
      assert.ok(error.message.startsWith(`Cannot decode ${seen}`), error.message);
      return true;
    });
  });
}

/** Throws unless `bytes` are a record or the one wire error. */
function decodeHostile(bytes: Uint8Array): void {
  try {
    const answer = decodeAnswer(bytes);
    if ("errno" in answer) assert.ok(answer.errno >= 0);
    else assert.equal(typeof decodeFamily(answer).name, "string");
  } catch (error) {
    assert.ok(error instanceof WireError, `FH_SEED=${SEED}: ${error}`);
  }
}

test("a real answer that is cut anywhere gives a record or the wire error", () => {
  for (const bytes of [FAMILY, NO_FAMILY]) {
    for (let length = 0; length < bytes.length; length++) decodeHostile(bytes.slice(0, length));
  }
});

test(`damaged answers give a record or the wire error (FH_SEED=${SEED})`, () => {
  const below = randomBelow(SEED);
  for (let round = 0; round < 4000; round++) {
    decodeHostile(mutated(round % 4 === 0 ? NO_FAMILY : FAMILY, below));
    const length = below(64);
    decodeHostile(Uint8Array.from({ length }, () => below(256)));
  }
});
