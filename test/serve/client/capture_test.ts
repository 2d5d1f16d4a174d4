import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Subscription } from "../../../src/serve/client/capture.ts";
import { type FakeClient, FakeServer, hello } from "../../support/fake_server.ts";

const WISH = { filter: { event: ["fork"] }, snapshot: false };
/** Less than what a subscription that is ended waits for at most. */
const SOON_MS = 100;

/** A subscription, and the server's end of it. */
async function subscribed(
  act: (subscription: Subscription, client: FakeClient) => Promise<void>,
): Promise<void> {
  await using server = await FakeServer.start(({ op }) => op === "hello" ? hello() : { seq: 0 });
  const signal = new AbortController().signal;
  const subscription = await Subscription.open(
    { path: server.path, refused: "x", signal, now: Date.now },
    WISH,
  );
  await act(subscription, server.clients[0]!);
  subscription.close();
}

/** A line of so many milliseconds from now. */
function line(ms: number): { event: string; time: string } {
  const time = new Date(Date.now() + ms).toISOString().replace("Z", "000000Z");
  return { event: "heartbeat", time };
}

test("a subscription that is ended waits for what was before, and no longer", async () => {
  await subscribed(async (subscription, client) => {
    subscription.stop();
    client.send(line(-1000));
    assert.equal((await subscription.take())!.length, 1);
    client.send(line(1000));
    assert.equal((await subscription.take())!.length, 1, "what comes with it is handed on, too");
    const late = delay(SOON_MS, "late", { ref: false });
    assert.equal(await Promise.race([subscription.take(), late]), null);
  });
});

test("a server that says nothing more does not keep a subscription that is ended", async () => {
  await subscribed(async (subscription) => {
    subscription.stop();
    assert.equal(await subscription.take(), null);
  });
});

test("a server that goes is an error as long as it is watched", async () => {
  await subscribed(async (subscription, client) => {
    void client.end();
    await assert.rejects(subscription.take(), /^CommandError: Cannot watch any longer: The server/);
  });
  await subscribed(async (subscription, client) => {
    subscription.stop();
    void client.end();
    assert.equal(await subscription.take(), null);
  });
});
