import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVER_LIMITS } from "../../src/serve/limits.ts";
import { Refusal } from "../../src/fault.ts";
import { ServerOfTest, settled } from "../support/fake_socket.ts";

/** A server that can be asked to wait; what is waited for is settled by the test. */
function waiting() {
  const waits: PromiseWithResolvers<{ done: boolean }>[] = [];
  const wait = () => {
    const one = Promise.withResolvers<{ done: boolean }>();
    waits.push(one);
    return one.promise;
  };
  const server = new ServerOfTest({
    more: {
      wait: Object.assign(() => ({ fields: wait() }), { isSlow: true }),
      stand: () => ({ fields: wait() }),
    },
  });
  server.connect(1);
  server.connect(2);
  return { server, waits };
}

test("who waits holds nobody up, and is answered in the end", async () => {
  const { server, waits } = waiting();
  assert.equal(await server.ask(1, { op: "wait", id: 1 }), undefined);
  assert.equal((await server.ask(2, { op: "status" })).ok, true);
  assert.equal((await server.ask(1, { op: "status", id: 2 })).id, 2);
  waits[0]!.resolve({ done: true });
  await settled();
  assert.deepEqual(server.socket.take(1), [{ ok: true, op: "wait", id: 1, done: true }]);
});

test("who waits is told what is refused", async () => {
  const { server, waits } = waiting();
  await server.ask(1, { op: "wait", id: 1 });
  waits[0]!.reject(new Refusal("ESRCH", "Gone: nobody; go on"));
  await settled();
  const [answer] = server.socket.take(1);
  assert.deepEqual([answer.ok, answer.id, answer.error], [false, 1, "ESRCH"]);
  assert.deepEqual(server.errors, []);
});

test("what is not slow has its turn before others", async () => {
  const { server, waits } = waiting();
  await server.ask(1, { op: "stand" });
  assert.equal(await server.ask(2, { op: "status" }), undefined);
  waits[0]!.resolve({ done: true });
  await settled();
  assert.equal(server.socket.take(1).length, 1);
  assert.equal(server.socket.take(2).length, 1);
});

test("the host is told who has gone", () => {
  const { server } = waiting();
  server.server.disconnected(2);
  assert.deepEqual(server.left, [2]);
});

test("one user's requests that may take for ever leave room for those of others", async () => {
  const { server, waits } = waiting();
  const { most } = SERVER_LIMITS.slow;
  server.connect(3, 1000);
  server.connect(4, 1001);
  for (let n = 0; n < most; n++) assert.equal(await server.ask(3, { op: "wait" }), undefined);
  assert.equal((await server.ask(3, { op: "wait" })).error, "EUSERS");
  assert.equal(await server.ask(4, { op: "wait" }), undefined);
  assert.equal(await server.ask(1, { op: "wait" }), undefined);
  // An answer makes room, and so does who leaves.
  waits[0]!.resolve({ done: true });
  await settled();
  assert.equal(await server.ask(3, { op: "wait" }), undefined);
  assert.equal((await server.ask(3, { op: "wait" })).error, "EUSERS");
  server.server.disconnected(3);
  server.connect(5, 1000);
  assert.equal(await server.ask(5, { op: "wait" }), undefined);
});

test("who has used up his share of the time waits, and nobody waits for him", async () => {
  const server = new ServerOfTest({ more: { work: () => work() } });
  const work = () => {
    server.clockMs += 150;
    return { fields: { worked: true } };
  };
  server.connect(1);
  server.connect(2, 1000);
  server.connect(3, 1001);
  assert.equal((await server.ask(2, { op: "work" })).worked, true);
  assert.equal(await server.ask(2, { op: "status" }), undefined);
  assert.equal((await server.ask(3, { op: "status" })).ok, true);
  assert.equal((await server.ask(1, { op: "status" })).ok, true);
  server.clockMs += 10_000;
  await settled(50);
  assert.equal(server.socket.take(2).length, 1);
});

test("an answer that is too long is refused", async () => {
  const text = "x".repeat(SERVER_LIMITS.answer.others);
  const server = new ServerOfTest({ more: { long: () => ({ fields: { text } }) } });
  server.connect(1);
  server.connect(2, 1000);
  assert.equal((await server.ask(1, { op: "long" })).text, text);
  assert.equal((await server.ask(2, { op: "long" })).error, "EMSGSIZE");
});
