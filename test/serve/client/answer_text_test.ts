/** Answers that are handed on as they come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { askText } from "../../../src/serve/client/answer_text.ts";
import { ConnectionError, RequestError } from "../../../src/serve/client/socket_client.ts";
import { type FakeClient, FakeServer, refusal } from "../../support/fake_server.ts";
import { until } from "../../support/until.ts";

const HERE: AbortSignal = new AbortController().signal;

/** The whole of what a server that writes this is heard to answer. */
async function heard(write: (client: FakeClient) => unknown): Promise<string> {
  await using server = await FakeServer.start((_request, client) => {
    void write(client);
    return null;
  });
  const { pieces } = await askText(server.path, "log", { limit: 3 }, HERE);
  const whole = Buffer.concat(await Array.fromAsync(pieces)).toString();
  assert.deepEqual(server.clients[0]!.requests, [{ limit: 3, op: "log" }]);
  await server.clients[0]!.gone;
  return whole;
}

test("an answer comes as it was written, in whatever pieces", async () => {
  const line = `{"ok":true,"events":["${"é\\u202e".repeat(100_000)}"]}`;
  assert.equal(await heard(({ socket }) => socket.write(`${line}\n`)), line);
  const bytes = new TextEncoder().encode('{"ok":true,"a":"é"}\n{"event":"late"}\n');
  const slowly = async ({ socket }: FakeClient) => {
    for (const byte of bytes) {
      socket.write(new Uint8Array([byte]));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  assert.equal(await heard(slowly), '{"ok":true,"a":"é"}');
});

test("what a server refuses is thrown, and what speaks otherwise is left", async () => {
  await using server = await FakeServer.start(() => refusal("EPERM", 1, "No; do not"));
  await assert.rejects(askText(server.path, "log", {}, HERE), (error) => {
    assert.ok(error instanceof RequestError);
    return error.error === "EPERM" && error.message === "No; do not";
  });
  for (const line of ["HTTP/1.1 400 Bad Request\n", "{}\n", "\n", '{"ok":tru\n']) {
    const other = heard(({ socket }) => socket.write(line));
    await assert.rejects(other, { code: "EPROTO" }, line);
  }
});

test("a server that goes before the end is told, and before the beginning, too", async () => {
  for (const begin of ["", '{"ok":true,"events":[']) {
    const asked = heard(({ socket }) => socket.end(begin));
    await assert.rejects(asked, (error) => {
      return error instanceof ConnectionError && error.code === "ECONNRESET";
    });
  }
});

test("a signal ends it, whatever it waits for", async () => {
  await using server = await FakeServer.start((_request, { socket }) => {
    socket.write('{"ok":true,"events":[');
    return null;
  });
  const gone = new AbortController();
  const { pieces } = await askText(server.path, "log", {}, gone.signal);
  const all = Array.fromAsync(pieces);
  gone.abort();
  await assert.rejects(all);
  await server.clients[0]!.gone;
  await assert.rejects(askText(server.path, "log", {}, gone.signal), { code: "ECONNABORTED" });
  assert.equal(server.clients.length, 1);
});

test("a server is not read from faster than its answer is taken", async () => {
  const size = 64 << 20;
  await using server = await FakeServer.start((_request, { socket }) => {
    socket.write('{"ok":true,"a":"');
    socket.write(Buffer.alloc(size, 0x61));
    socket.write('"}\n');
    return null;
  });
  const { pieces } = await askText(server.path, "log", {}, HERE);
  const reader = pieces[Symbol.asyncIterator]();
  await reader.next();
  const { socket } = server.clients[0]!;
  let [before, still] = [-1, 0];
  await until(() => {
    still = socket.writableLength === before ? still + 1 : 0;
    before = socket.writableLength;
    return still > 50;
  });
  // What is on its way is in buffers of the kernel, not here.
  assert.ok(before > size / 2, `${before}`);
  await reader.return!();
  await server.clients[0]!.gone;
});
