import assert from "node:assert/strict";
import { test } from "node:test";
import { CommonShares } from "../../src/model/common_shares.ts";
import { Desk } from "../../src/serve/desk.ts";
import type { Peer, Request } from "../../src/serve/protocol.ts";
import { unknownNames } from "../../src/serve/user_names.ts";

/** Users of whom none is known until he was asked for. */
class Later {
  readonly known = new Set<string>();
  readonly gate = Promise.withResolvers<void>();

  unknown(names: readonly string[]): string[] {
    return names.filter((name) => !this.known.has(name));
  }

  async learn(names: readonly string[]): Promise<void> {
    await this.gate.promise;
    for (const name of names) this.known.add(name);
  }
}

test("unknownNames() finds users in filters and before the names of jobs", () => {
  const users = new Later();
  const names = (params: Request["params"]) => unknownNames(params, users);
  assert.deepEqual(names({ filter: { user: "ann" } }), ["ann"]);
  assert.deepEqual(names({ filter: { user: ["ann", 5, "eve"] }, job: "a/b/web" }), [
    "ann",
    "eve",
    "a/b",
  ]);
  for (const params of [{}, { filter: null }, { filter: 5, job: 7 }, { filter: {}, job: "web" }]) {
    assert.deepEqual(names(params as Request["params"]), []);
  }
});

test("a request that names somebody unknown waits for him, and others do not", async () => {
  const users = new Later();
  const answers: string[] = [];
  const peer: Peer = { client: 1, pid: 1, uid: 1000, privileged: false, startTicks: null };
  const desk = new Desk({
    time: CommonShares.of().time,
    users,
    operations: {
      ask: (_, { params }) => ({ fields: { known: users.unknown([String(params["job"])]) } }),
    },
    answer: (_, line) => void answers.push(line.trim()),
    onError: (error) => assert.fail(error),
  });
  desk.begin();
  desk.push(peer, '{"op":"ask","id":1,"job":"ann/web","filter":{"user":"eve"}}');
  desk.push(peer, '{"op":"ask","id":2,"job":"web"}');
  while (answers.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.match(answers[0]!, /"id":2/);
  users.gate.resolve();
  while (answers.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.match(answers[1]!, /"id":1/);
  assert.deepEqual([...users.known], ["eve", "ann"]);
});
