import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, EXIT } from "../../../src/fault.ts";
import { askServer, noServer, ServerDoor, ServerGone } from "../../../src/serve/client/ask.ts";
import { ConnectionError } from "../../../src/serve/client/socket_client.ts";
import { type FakeAnswer, FakeServer, refusal } from "../../support/fake_server.ts";

/** Asks a server that answers so. */
async function ask(answer: FakeAnswer): Promise<unknown> {
  await using server = await FakeServer.start(() => answer);
  const signal = new AbortController().signal;
  return await askServer(
    { env: { FH_SOCKET: server.path }, euid: 0, signal },
    undefined,
    "dance",
    {},
  );
}

test("askServer() answers the fields of the operation alone", async () => {
  assert.deepEqual(await ask({ step: 1 }), { step: 1 });
});

test("what a server refuses is an error with the status of its kind", async () => {
  const statuses = { EFAULT: EXIT.usage, ESRCH: EXIT.notFound, EPERM: 1, EIO: 1, ENOTTY: 1 };
  for (const [error, status] of Object.entries(statuses)) {
    await assert.rejects(ask(refusal(error, 1, "No; do not")), (thrown: unknown) => {
      assert.ok(thrown instanceof CommandError);
      assert.deepEqual([thrown.message, thrown.status], [`No; do not (${error})`, status]);
      return true;
    });
  }
});

test("a server that goes and a signal end a question", async () => {
  await using server = await FakeServer.start((_request, client) => {
    client.socket.destroy();
    return null;
  });
  const abort = new AbortController();
  const asking = { env: { FH_SOCKET: server.path }, euid: 0, signal: abort.signal };
  await assert.rejects(askServer(asking, undefined, "dance", {}), ServerGone);
  abort.abort("SIGINT");
  await assert.rejects(
    askServer(asking, undefined, "dance", {}),
    new RegExp(`Cannot ask ${server.path}: stopped by SIGINT`),
  );
});

test("a door says in its own words that a server does not know what it is asked", async () => {
  await using server = await FakeServer.start(({ op }) =>
    op === "hello" ? refusal("EPERM", 1, "No") : refusal("ENOTTY", 25, "Unknown operation")
  );
  const signal = new AbortController().signal;
  const door = await ServerDoor.open({ env: {}, euid: 0, signal }, server.path, "It keeps no jobs");
  await assert.rejects(door.ask("job_list", {}), /^CommandError: It keeps no jobs$/);
  await assert.rejects(door.ask("hello", {}), /^CommandError: No \(EPERM\)$/);
  door.close();
});

test("noServer() says what was seen, and what to do", () => {
  const lines: [string | null, string | null, string][] = [
    [
      null,
      null,
      "No server: no socket is named, and XDG_RUNTIME_DIR is not set; name one by --socket",
    ],
    ["/s", "ENOENT", "No server: there is no /s; run fh record or fh serve to have one"],
    [
      "/s",
      "ECONNREFUSED",
      "No server: nobody listens at /s; run fh record or fh serve to have one",
    ],
    [
      "/s",
      "EACCES",
      "Cannot connect to /s: not permitted; ask who runs the server for its --socket-group, and " +
      "to be in that group",
    ],
    ["/s", "EINVAL", "what was seen; see that fh record or fh serve runs"],
  ];
  for (const [path, code, message] of lines) {
    const error = noServer(path, code === null ? null : new ConnectionError(code, "what was seen"));
    assert.ok(error instanceof CommandError);
    assert.deepEqual([error.message, error.status], [message, EXIT.failed]);
  }
});
