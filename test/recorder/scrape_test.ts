import assert from "node:assert/strict";
import { test } from "node:test";
import { answerTo, tooLong } from "../../src/recorder/scrape.ts";
import { mutated, randomBelow, SEED } from "../proc/mutate.ts";

const scraped = { text: (format: string) => `${format} é\n`, isLocal: true };

/** The answer to a request: status, fields, body. */
function ask(head: string, to: Parameters<typeof answerTo>[1] = scraped) {
  return read(answerTo(head, to));
}

function read(bytes: Uint8Array) {
  const text = new TextDecoder().decode(bytes);
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const [line, ...fields] = head.split("\r\n");
  const byName = new Map(fields.map((field) => field.split(": ", 2) as [string, string]));
  return { status: Number(line!.split(" ")[1]), fields: byName, body };
}

test("metrics are told in the format that is asked for, with their length in bytes", () => {
  const { status, fields, body } = ask("GET /metrics HTTP/1.1\r\nHost: localhost:1");
  assert.deepEqual([status, body], [200, "prometheus é\n"]);
  assert.equal(fields.get("Content-Length"), "14");
  assert.equal(fields.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(fields.get("Connection"), "close");
  const accept = "GET /metrics?a=b HTTP/1.0\r\naccept: text/plain;q=0.1\r\n" +
    "ACCEPT:application/openmetrics-text";
  assert.equal(ask(accept).body, "openmetrics é\n");
  const full = "GET http://localhost/metrics HTTP/1.1";
  assert.equal(ask(full).status, 200);
});

test("HEAD is answered as GET, without the text", () => {
  const { status, fields, body } = ask("HEAD /metrics HTTP/1.1");
  assert.deepEqual([status, fields.get("Content-Length"), body], [200, "14", ""]);
});

test("all else is refused, and says why", () => {
  for (
    const [head, expected] of [
      ["GET /other HTTP/1.1", 404],
      ["GET / HTTP/1.1", 200],
      ["GET /metrics/../x HTTP/1.1", 404],
      ["POST /metrics HTTP/1.1", 405],
      ["DELETE /x HTTP/1.1", 404],
      ["GET /metrics HTTP/2", 400],
      ["GET /metrics", 400],
      ["get /metrics HTTP/1.1", 400],
      ["GET * HTTP/1.1", 404],
      ["", 400],
      ["\x16\x03\x01\0\xa5", 400],
    ] as const
  ) assert.equal(ask(head).status, expected, head);
  assert.equal(ask("POST /metrics HTTP/1.1").fields.get("Allow"), "GET, HEAD");
  assert.equal(read(tooLong()).status, 431);
});

test("a page of another name that leads here gets nothing", () => {
  for (
    const [host, expected] of [
      ["127.0.0.1:9811", 200],
      ["LOCALHOST", 200],
      ["[::1]:9811", 200],
      ["evil.example", 421],
      ["127.0.0.1.evil.example", 421],
      ["localhost.evil.example:9811", 421],
    ] as const
  ) {
    const head = `GET /metrics HTTP/1.1\r\nHost: ${host}`;
    assert.equal(ask(head).status, expected, host);
    // Where others may connect, they call it as they know it.
    assert.equal(ask(head, { ...scraped, isLocal: false }).status, 200, host);
  }
});

test("what goes wrong while they are made is told to who asks", () => {
  const broken = {
    text: () => {
      throw new Error("it is broken");
    },
    isLocal: true,
  };
  const { status, body } = ask("GET /metrics HTTP/1.1", broken);
  assert.deepEqual([status, body], [500, "Internal Server Error: it is broken\n"]);
});

test(`whatever is sent is answered (FH_SEED=${SEED})`, () => {
  const below = randomBelow(SEED);
  const request = new TextEncoder().encode(
    "GET http://localhost/metrics?x=1 HTTP/1.1\r\nHost: [::1]:9811\r\n" +
      'Accept: application/openmetrics-text;version="1.0.0";q=0.5, text/plain;q=0.25, */*;q=0.1',
  );
  const statuses = new Set<number>();
  for (let round = 0; round < 3000; round++) {
    const text = String.fromCharCode(...mutated(request, below));
    const { status, fields, body } = ask(text);
    assert.ok([200, 400, 404, 405, 421].includes(status), `${status} of ${JSON.stringify(text)}`);
    const length = text.startsWith("HEAD") ? 0 : new TextEncoder().encode(body).length;
    assert.equal(Number(fields.get("Content-Length")), length, JSON.stringify(text));
    statuses.add(status);
  }
  assert.ok(statuses.size >= 4);
});
