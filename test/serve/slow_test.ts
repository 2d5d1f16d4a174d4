import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../src/serve/protocol.ts";
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
      wait: () => ({ fields: wait(), isSlow: true }),
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
