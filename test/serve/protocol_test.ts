import assert from "node:assert/strict";
import { test } from "node:test";
import { maySee } from "../../src/ask/viewer.ts";
import { Refusal } from "../../src/fault.ts";
import {
  answerLine,
  checkNames,
  parseRequest,
  RawJson,
  readFlag,
  readPid,
  readScope,
  readSignal,
  refusalLine,
} from "../../src/serve/protocol.ts";

/** The name of the error that `act` is refused with. */
function refused(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.error;
  }
  return "done";
}

test("a request is an object of op, id and parameters", () => {
  const request = parseRequest('{"op":"register","id":7,"pid":1,"sig":40}');
  assert.deepEqual(request, { op: "register", id: 7, params: { pid: 1, sig: 40 } });
});

test("a line that is no object is EBADMSG", () => {
  const lines = ["", "hello", "{", '{"op"', "[]", "null", "1", '"op"', "[".repeat(60_000), "\0"];
  for (const line of lines) assert.equal(refused(() => parseRequest(line)), "EBADMSG", line);
});

test("an op that is no text is no operation, and what others put into objects is data", () => {
  for (const op of [1, null, {}, [], true]) {
    assert.equal(parseRequest(JSON.stringify({ op })).op, "");
  }
  const { params } = parseRequest('{"op":"x","__proto__":{"pid":1},"constructor":2}');
  assert.equal(Object.getPrototypeOf(params), Object.prototype);
  assert.equal(refused(() => checkNames({ op: "x", id: undefined, params }, ["pid"])), "EFAULT");
});

test("parameters that are not known and ids that cannot be repeated are EFAULT", () => {
  const check = (id: unknown, params: Record<string, unknown>) =>
    refused(() => checkNames({ op: "hello", id, params }, ["protocol"]));
  assert.equal(check(undefined, {}), "done");
  assert.equal(check("a", { protocol: 1 }), "done");
  assert.equal(check(undefined, { sig: 1 }), "EFAULT");
  for (const id of [null, {}, [1], true]) assert.equal(check(id, {}), "EFAULT");
});

test("real-time signals have numbers and names; others are EINVAL, nonsense is EFAULT", () => {
  const known: [unknown, number][] = [
    [34, 34],
    [64, 64],
    ["SIGRTMIN", 34],
    ["RTMIN+3", 37],
    ["SIGRTMAX", 64],
    ["SIGRTMAX-30", 34],
  ];
  for (const [value, number] of known) assert.equal(readSignal(value), number);
  for (const value of [0, 1, 9, 33, 65, -1, 1e9, "SIGUSR1", "SIGRTMIN+31", "SIGRTMAX-31"]) {
    assert.equal(refused(() => readSignal(value)), "EINVAL", String(value));
  }
  const nonsense = [undefined, null, 1.5, NaN, "37", "SIG", "rtmin", "SIGRTMIN-1", {}, [37], true];
  for (const value of nonsense) {
    assert.equal(refused(() => readSignal(value)), "EFAULT", String(value));
  }
});

test("a pid is a whole number of the kernel's range", () => {
  assert.equal(readPid("pid", undefined), undefined);
  assert.equal(readPid("pid", 4_194_304), 4_194_304);
  for (const value of [0, -1, 1.5, 4_194_305, "1", null, {}, NaN]) {
    assert.equal(refused(() => readPid("pid", value)), "EFAULT", String(value));
  }
});

test("a scope is all, or the descendants of a process", () => {
  assert.equal(readScope(undefined), null);
  assert.equal(readScope("all"), null);
  assert.equal(readScope({ descendants_of: 7 }), 7);
  const others = ["none", 7, null, [], {}, { descendants_of: 0 }, { descendants_of: 7, a: 1 }];
  for (const value of others) {
    assert.equal(refused(() => readScope(value)), "EFAULT", JSON.stringify(value));
  }
});

test("a flag is true or false, and false when it is left out", () => {
  assert.equal(readFlag("exclusive", undefined), false);
  assert.equal(readFlag("exclusive", true), true);
  for (const value of [0, 1, "true", null]) {
    assert.equal(refused(() => readFlag("exclusive", value)), "EFAULT");
  }
});

test("answers repeat op and id, and errors have name, number and a sentence", () => {
  const answer = JSON.parse(answerLine("tree", 3, { tree: new RawJson("[1]"), more: null }));
  assert.deepEqual(answer, { ok: true, op: "tree", id: 3, tree: [1], more: null });
  const refusal = JSON.parse(refusalLine("register", "x", new Refusal("EUSERS", "No: why; what")));
  assert.deepEqual(refusal, {
    ok: false,
    op: "register",
    id: "x",
    error: "EUSERS",
    errno: 87,
    message: "No: why; what",
  });
});

test("answers do not repeat what is long", () => {
  const long = "x".repeat(60_000);
  const request = parseRequest(JSON.stringify({ op: long, id: long, [long]: 1 }));
  const unknown = () => checkNames({ ...request, id: 1 }, ["pid"]);
  for (const act of [() => checkNames(request, []), unknown, () => readSignal(long)]) {
    try {
      act();
      assert.fail("not refused");
    } catch (error) {
      assert.ok(error instanceof Refusal);
      assert.ok(refusalLine(request.op, request.id, error).length < 1000);
    }
  }
});

test("who is not privileged sees processes with his own real uid", () => {
  const peer = { client: 1, pid: 2, uid: 1000, privileged: false };
  assert.deepEqual([1000, 0, 1001, null].map((uid) => maySee(peer, uid)), [
    true,
    false,
    false,
    false,
  ]);
  assert.ok(maySee({ ...peer, privileged: true }, null));
});
