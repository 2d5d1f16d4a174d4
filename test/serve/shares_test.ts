import assert from "node:assert/strict";
import { test } from "node:test";
import { FairQueue, Turns } from "../../src/serve/shares.ts";

const all = () => true;
const peer = (uid: number, privileged = false) => ({
  client: uid,
  pid: 1,
  uid,
  privileged,
  startTicks: null,
});

test("a user reads once at a time, four users in all; root does not wait for them", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const enter = async (name: string, who: ReturnType<typeof peer>) => {
    const leave = await turns.enter(who);
    order.push(name);
    return leave;
  };
  const first = await enter("a1", peer(1));
  const waiting = enter("a2", peer(1));
  for (const uid of [2, 3, 4]) await enter(`b${uid}`, peer(uid));
  const fifth = enter("e", peer(5));
  await enter("root", peer(0, true));
  assert.deepEqual(order, ["a1", "b2", "b3", "b4", "root"]);
  first();
  const second = await waiting;
  second();
  await fifth;
  assert.deepEqual(order, ["a1", "b2", "b3", "b4", "root", "a2", "e"]);
});

test("users take turns with their requests, of which each user's keep their order", () => {
  const queue = new FairQueue();
  const requests = [[1, "a"], [1, "b"], [1, "c"], [2, "d"], [3, "e"], [2, "f"]] as const;
  for (const [uid, line] of requests) queue.push({ peer: peer(uid), line });
  const order: (string | null)[] = [];
  for (let next = queue.shift(all); next !== undefined; next = queue.shift(all)) {
    order.push(next.line);
  }
  assert.deepEqual(order, ["a", "d", "e", "b", "f", "c"]);
  queue.push({ peer: peer(1), line: "g" });
  queue.push({ peer: peer(2), line: "h" });
  assert.equal(queue.shift((uid) => uid === 2)?.line, "h", "who may not is passed over");
  assert.equal(queue.shift(() => false), undefined);
  assert.equal(queue.isEmpty, false);
  queue.clear();
  assert.ok(queue.isEmpty);
  assert.equal(queue.shift(all), undefined);
});
