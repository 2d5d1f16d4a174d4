import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { PbfReader } from "pbf";
import type { CollectorTarget } from "../../../src/collector/target.ts";
import { sendSpans } from "../../../src/cmd/report/send.ts";
import { CommandError, Stopped } from "../../../src/fault.ts";
import { Progress } from "../../../src/term/progress.ts";
import { buildSpans } from "../../support/build_spans.ts";
import { FakeOutput } from "../../support/fake_output.ts";
import { decodeMessage, messagesIn, textIn } from "../../support/perfetto.ts";

interface Asked {
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
}

/** A collector that answers in turn as it is told, and then with 200. */
async function withCollector(
  answers: readonly ((response: ServerResponse) => void)[],
  work: (target: CollectorTarget, asked: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const pieces: Uint8Array[] = [];
    request.on("data", (piece: Uint8Array) => pieces.push(piece));
    request.on("end", () => {
      const answer = answers[asked.length] ?? ((response) => void response.writeHead(200).end());
      asked.push({ headers: request.headers, body: Buffer.concat(pieces) });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const target: CollectorTarget = {
    url: `http://127.0.0.1:${port}/v1/traces`,
    headers: { "x-key": "k" },
    form: "protobuf",
    gzip: false,
    timeoutMs: 10_000,
  };
  try {
    await work(target, asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const quiet = new Progress(new FakeOutput());
const never = new AbortController().signal;
const status = (code: number, headers = {}, body = "") => (response: ServerResponse) => {
  response.writeHead(code, headers).end(body);
};
const send = (target: CollectorTarget) => sendSpans(buildSpans(), target, never, quiet);

function failsWith(words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.message, words);
    return true;
  };
}

test("a collector gets all spans", async () => {
  await withCollector([], async (target, asked) => {
    assert.equal(await send(target), 7);
    const [{ headers, body }] = asked as [Asked];
    assert.equal(headers["content-type"], "application/x-protobuf");
    assert.equal(headers["x-key"], "k");
    // ExportTraceServiceRequest > ResourceSpans > ScopeSpans > Span: name
    const spans = messagesIn(decodeMessage(body), 1)
      .flatMap((resource) => messagesIn(resource, 2))
      .flatMap((scope) => messagesIn(scope, 2));
    assert.equal(spans.length, 7);
    assert.ok(spans.some((span) => textIn(span, 5) === "make"));
    assert.ok(new PbfReader(body).length > 0);
  });
});

test("JSON is sent where that is asked for", async () => {
  await withCollector([], async (target, asked) => {
    await send({ ...target, form: "json" });
    assert.equal(asked[0]!.headers["content-type"], "application/json");
    assert.ok(JSON.parse(new TextDecoder().decode(asked[0]!.body)).resourceSpans.length > 0);
  });
});

test("a request is compressed where that is asked for", async () => {
  await withCollector([], async (target, asked) => {
    await send({ ...target, form: "json", gzip: true });
    const [{ headers, body }] = asked as [Asked];
    assert.equal(headers["content-encoding"], "gzip");
    assert.ok(JSON.parse(gunzipSync(body).toString()).resourceSpans.length > 0);
  });
});

test("who is busy is asked again, and who refuses is not", async () => {
  const busy = [status(503, { "retry-after": "0" }), status(429, { "retry-after": "0" })];
  await withCollector(busy, async (target, asked) => {
    assert.equal(await send(target), 7);
    assert.equal(asked.length, 3);
    assert.deepEqual(asked[2]!.body, asked[0]!.body);
  });
  await withCollector([status(401)], async (target, asked) => {
    await assert.rejects(send(target), failsWith(/^Cannot send to http:.*: it answers 401 Unauth/));
    assert.equal(asked.length, 1);
  });
});

test("no answer is waited for without end, and no try is made without end", async () => {
  const silent = () => {};
  await withCollector(Array(9).fill(status(503, { "retry-after": "0" })), async (target, asked) => {
    await assert.rejects(send(target), failsWith(/it answers 503/));
    assert.equal(asked.length, 5);
  });
  await withCollector([silent], async (target) => {
    assert.equal(await send({ ...target, timeoutMs: 300 }), 7);
  });
});

test("a redirection is not followed: what is sent is for nobody else", async () => {
  await withCollector([status(307, { location: "http://127.0.0.1:9/" })], async (target) => {
    await assert.rejects(send(target), failsWith(/it answers 307/));
  });
});

test("what is taken in part only is told", async () => {
  const body = '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}';
  const json = { "content-type": "application/json" };
  await withCollector([status(200, json, body)], async (target) => {
    const some = send({ ...target, form: "json" });
    await assert.rejects(some, failsWith(/it has not taken 2 spans: too old/));
  });
});

test("a signal ends the wait", async () => {
  const abort = new AbortController();
  const stop = (response: ServerResponse) => {
    status(503, { "retry-after": "30" })(response);
    abort.abort("SIGINT");
  };
  await withCollector([stop], async (target) => {
    await assert.rejects(sendSpans(buildSpans(), target, abort.signal, quiet), Stopped);
  });
});
