/** The gateway on a real port: what is handed on, and what is done to it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { CommandError, EXIT, Refusal } from "../../src/fault.ts";
import { AnswerText } from "../../src/serve/client/answer_text.ts";
import { ConnectionError, RequestError } from "../../src/serve/client/socket_client.ts";
import type { RefusalKind } from "../../src/web/admit.ts";
import { WEB_LIMITS } from "../../src/web/limits.ts";
import { until } from "../support/until.ts";
import { requestText, sendRaw, statusOf, TestGateway, TOKEN } from "../support/web.ts";

const HOSTILE = '</script>\u2028\u202e\x1b[31m"\n\0';

test("questions are handed on, answers come back with the headers of all", async () => {
  await using web = await TestGateway.open();
  const { status, body } = await web.ask("log", { limit: 3, filter: { comm: HOSTILE } });
  assert.equal(status, 200);
  assert.deepEqual(body, {
    ok: true,
    asked: "log",
    params: { limit: 3, filter: { comm: HOSTILE } },
  });
  const raw = await sendRaw(web.port, requestText("POST /api/log", web.headers, "{}"));
  assert.match(raw, /^cache-control: no-store\r$/im);
  assert.match(raw, /^x-content-type-options: nosniff\r$/im);
  assert.doesNotMatch(raw, /^(?:access-control|set-cookie|server|x-powered-by)/im);
});

test("a body makes no other operation of what the path says", async () => {
  await using web = await TestGateway.open();
  const other = { op: "job_end", job: 1 };
  for (const op of ["hello", "log", "live", "job_create"]) {
    const { status } = await web.ask(op, { ...other, confirm: `${op} 1` });
    assert.equal(status, 400, op);
  }
  assert.equal((await web.ask("log", { id: 7 })).status, 400);
});

test("consent is to something that has a name", async () => {
  await using web = await TestGateway.open();
  const { status } = await web.ask("job_create", { name: { toString: 1 }, confirm: "x" });
  assert.equal(status, 428);
});

test("who has shown no token keeps out nobody who has one", async () => {
  await using web = await TestGateway.open();
  const strangers: Socket[] = [];
  for (let i = 0; i < WEB_LIMITS.connections; i++) {
    const socket = createConnection(web.port, "127.0.0.1");
    socket.on("error", () => {});
    strangers.push(socket);
    await once(socket, "connect");
  }
  assert.equal((await web.ask("log", {})).status, 200);
  for (const socket of strangers) socket.destroy();
});

test("what others chose does no harm in an answer", async () => {
  await using web = await TestGateway.open();
  const raw = await sendRaw(
    web.port,
    requestText("POST /api/log", web.headers, JSON.stringify({ a: "\u202e\x1b\u2028" })),
  );
  assert.match(raw, /\\u202e\\u001b\\u2028/);
  assert.match(raw, /^content-type: application\/json\r$/im);
});

test("the page has a policy that names its script", async () => {
  await using web = await TestGateway.open();
  const raw = await sendRaw(web.port, requestText("GET /", { Host: `localhost:${web.port}` }));
  assert.equal(statusOf(raw), 200);
  assert.match(raw, /^content-security-policy: default-src 'none'; script-src 'sha256-/im);
  assert.doesNotMatch(raw, new RegExp(TOKEN));
});

test("what is refused by who was asked is told with its name", async () => {
  await using web = await TestGateway.open();
  const refusals: readonly (readonly [Error, number, string])[] = [
    [new RequestError("ESRCH", 3, "No such process"), 200, "ESRCH"],
    [new Refusal("EPERM", "Not permitted"), 403, "EPERM"],
    [new Refusal("EOPNOTSUPP", "A history has no live view"), 200, "EOPNOTSUPP"],
    [new CommandError(EXIT.usage, "Bad time"), 400, "EIO"],
    [new CommandError(EXIT.notFound, "No history"), 200, "ESRCH"],
  ];
  for (const [error, status, name] of refusals) {
    web.backend.answer = () => Promise.reject(error);
    const answer = await web.ask("why", {});
    assert.deepEqual(answer, { status, body: { ok: false, error: name, message: error.message } });
  }
  web.backend.answer = () => Promise.reject(new TypeError("secret inside"));
  const { status, body } = await web.ask("why", {});
  assert.equal(status, 500);
  assert.doesNotMatch(String(body["message"]), /secret/);
  assert.ok(web.said.some((line) => line.includes("secret inside")));
});

test("a change needs consent to just that, and who only looks makes none", async () => {
  await using web = await TestGateway.open();
  const attempts: readonly (readonly [Record<string, unknown>, number])[] = [
    [{ job: "a" }, 428],
    [{ job: "a", confirm: true }, 428],
    [{ job: "a", confirm: "job_kill b" }, 428],
    [{ job: "a", confirm: "job_end a" }, 428],
    [{ job: "a", confirm: "job_kill a" }, 200],
  ];
  for (const [params, status] of attempts) {
    assert.equal((await web.ask("job_kill", params)).status, status, JSON.stringify(params));
  }
  assert.deepEqual(web.backend.asked, [["job_kill", { job: "a" }]]);
  await using looking = await TestGateway.open({ isReadOnly: true });
  assert.equal((await looking.ask("job_kill", { job: "a", confirm: "job_kill a" })).status, 403);
  assert.equal((await looking.ask("job_list", {})).status, 200);
  assert.deepEqual(looking.backend.asked, [["job_list", {}]]);
  assert.deepEqual(looking.refusals.counts, { "read-only": 1 });
});

test("attacks on a real port get nothing, and each is counted", async () => {
  await using web = await TestGateway.open();
  const { headers } = web;
  const host = headers["Host"]!;
  const large = JSON.stringify({ a: "x".repeat(WEB_LIMITS.body) });
  const chunked = { ...headers, "Transfer-Encoding": "chunked" };
  const post = (more: Record<string, string>, body = "{}") =>
    requestText("POST /api/log", { ...headers, ...more }, body);
  const attacks: readonly (readonly [string, string, number])[] = [
    ["DNS rebinding", post({ Host: `evil.example:${web.port}` }), 421],
    ["DNS rebinding of the page", requestText("GET /", { Host: "evil.example" }), 421],
    ["two hosts", `POST /api/log HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`, 421],
    ["cross-site post", post({ Origin: "https://evil.example" }), 403],
    ["form", post({ "Content-Type": "application/x-www-form-urlencoded" }, "op=job_kill"), 415],
    ["wrong token", post({ Authorization: "Bearer nonsense" }), 401],
    ["path traversal", requestText("GET /../../../../etc/passwd", { Host: host }), 404],
    ["encoded traversal", requestText("GET /%2e%2e/%2e%2e/etc/passwd", { Host: host }), 404],
    ["unknown operation", requestText("POST /api/register", headers, "{}"), 404],
    ["prototype", requestText("POST /api/constructor", headers, "{}"), 404],
    ["no JSON", post({}, "{"), 400],
    ["no object", post({}, "[]"), 400],
    ["oversized body", requestText("POST /api/log", headers, large), 413],
    ["oversized chunks", requestText("POST /api/log", chunked) + `20000\r\n${large}`, 413],
    ["body that lies", post({ "Content-Length": "99999999999999999999" }), 0],
  ];
  for (const [name, text, status] of attacks) {
    const answer = await sendRaw(web.port, text);
    const got = statusOf(answer);
    // What the parser itself does not take is answered with 400, or not at all.
    if (status === 0) assert.ok([0, 400, 413].includes(got), `${name}: ${answer}`);
    else assert.equal(got, status, `${name}: ${answer}`);
    assert.doesNotMatch(answer, /root:|Access-Control/i, name);
  }
  const noToken = await sendRaw(
    web.port,
    requestText("POST /api/log", { Host: host, "Content-Type": "application/json" }, "{}"),
  );
  assert.equal(statusOf(noToken), 401);
  const { counts } = web.refusals;
  assert.equal(counts["host"], 3);
  assert.equal(counts["no token"], 1);
  assert.ok(web.said.every((line) => !/evil|nonsense|passwd|Bearer/.test(line)), web.said.join());
  assert.equal((await web.ask("log", {})).status, 200);
});

test("what the runtime would refuse is counted, and told without what was sent", async () => {
  await using web = await TestGateway.open();
  const { headers } = web;
  const { Host: host, ...hostless } = headers;
  const evil = { Host: "evil.example" };
  const refused: readonly (readonly [string, string, RefusalKind, number])[] = [
    ["no host", requestText("POST /api/log", hostless, "{}"), "host", 421],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "host", 421],
    ["CONNECT", requestText("CONNECT evil.example:443", evil), "method", 405],
    [
      "upgrade",
      requestText("GET /", { ...evil, Connection: "Upgrade", Upgrade: "websocket" })
        .replace("Connection: close\r\n", ""),
      "upgrade",
      426,
    ],
    [
      "expect",
      requestText("POST /api/log", { ...headers, Expect: "evil" }, "{}"),
      "expectation",
      417,
    ],
    [
      "expect to go on",
      requestText("POST /api/log", { ...headers, Expect: "100-continue" }, "{}"),
      "expectation",
      417,
    ],
    ["no method", requestText("EVIL /", { Host: host! }), "malformed", 0],
    ["no HTTP", "\x16\x03\x01\x02evil\r\n\r\n", "malformed", 0],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed", 0],
    ["bad header", requestText("GET /", { Host: host!, "evil name": "1" }), "malformed", 0],
    [
      "smuggled",
      requestText("POST /api/log", { ...headers, "Transfer-Encoding": "chunked" }, "0\r\n\r\nevil"),
      "malformed",
      0,
    ],
    ["large", requestText("GET /", { Host: host!, X: "evil".repeat(4096) }), "too large", 0],
  ];
  for (const [name, text, why, status] of refused) {
    const before = web.refusals.counts[why] ?? 0;
    const answer = await sendRaw(web.port, text);
    assert.equal(statusOf(answer), status, `${name}: ${answer}`);
    assert.equal(web.refusals.counts[why], before + 1, `${name}: ${web.said.join()}`);
  }
  assert.equal(web.said.length, refused.length);
  assert.ok(web.said.every((line) => /^web: refused a request: [a-z ]+ \(\d{3}\)$/.test(line)));
  assert.deepEqual(web.backend.asked, []);
  assert.equal((await web.ask("log", {})).status, 200);
});

test("heads that are too large or never end are cut off", async () => {
  await using web = await TestGateway.open();
  const { Host } = web.headers;
  const large = await sendRaw(
    web.port,
    `GET / HTTP/1.1\r\nHost: ${Host}\r\nX: ${"a".repeat(WEB_LIMITS.head + 1)}\r\n\r\n`,
  );
  assert.ok([0, 400, 431].includes(statusOf(large)), large);
  const [nothing, half, body] = await Promise.all([
    sendRaw(web.port, ""),
    sendRaw(web.port, `GET / HTTP/1.1\r\nHost: ${Host}\r\n`),
    sendRaw(web.port, requestText("POST /api/log", { ...web.headers, "Content-Length": "9" })),
  ]);
  for (const answer of [nothing, half, body]) {
    assert.ok([0, 400, 408].includes(statusOf(answer!)), answer);
  }
  assert.equal((await web.ask("log", {})).status, 200);
});

test("a thousand connections take no more room than there is, and leave it", async () => {
  await using web = await TestGateway.open();
  const sockets: Socket[] = [];
  let closed = 0;
  for (let i = 0; i < 1000; i++) {
    const socket = createConnection({ host: "127.0.0.1", port: web.port });
    socket.on("error", () => {});
    socket.on("close", () => closed++);
    socket.resume();
    sockets.push(socket);
    // More at once than the kernel lets wait would not be there.
    if (i % 50 === 49) await delay(20);
  }
  await until(() => closed >= 1000 - WEB_LIMITS.connections);
  for (const socket of sockets) socket.destroy();
  await until(() => closed === 1000);
  let status = 0;
  while (status !== 200) {
    status = await web.ask("log", {}).then((answer) => answer.status, () => 0);
  }
  assert.ok(web.refusals.counts["too many"]! >= 1000 - WEB_LIMITS.connections);
});

async function* sent(response: Response): AsyncGenerator<string, void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
}

test("events come with their numbers, the end is told, and who has gone is let go", async () => {
  await using web = await TestGateway.open();
  const told = [['{"event":"exec","comm":"\\"seq\\":7","seq":41}', '{"event":"exit","seq":42}']];
  web.backend.lines = () => Promise.resolve(told.shift() ?? null);
  const url = `http://127.0.0.1:${web.port}/api/live`;
  const wish = { filter: { event: ["exec"] }, from: 40, instance: "i" };
  const options = { method: "POST", headers: web.headers, body: JSON.stringify(wish) };
  const events = await Array.fromAsync(sent(await fetch(url, options)));
  assert.deepEqual(events, [
    'event: answer\ndata: {"instance":"i","seq":1}',
    'id: 41\ndata: {"event":"exec","comm":"\\"seq\\":7","seq":41}',
    'id: 42\ndata: {"event":"exit","seq":42}',
    "event: gone\ndata: {}",
  ]);
  assert.deepEqual(web.backend.asked, [["live", wish]]);
  web.backend.lines = null;
  const controller = new AbortController();
  const response = await fetch(url, { ...options, signal: controller.signal });
  await until(() => web.backend.listening === 1);
  controller.abort();
  await response.text().catch(() => "");
  await until(() => web.backend.listening === 0);
});

test("a page that does not read is not written to, and holds up nobody", async () => {
  await using web = await TestGateway.open();
  const line = `{"event":"exec","comm":"${"x".repeat(1000)}","seq":1}`;
  const lines = Array.from({ length: 100 }, () => line);
  let taken = 0;
  web.backend.lines = () => {
    taken++;
    return new Promise((resolve) => setTimeout(() => resolve(lines)));
  };
  const socket = createConnection({ host: "127.0.0.1", port: web.port });
  socket.on("error", () => {});
  socket.pause();
  socket.write(requestText("POST /api/live", web.headers, "{}"));
  let before = -1;
  let still = 0;
  await until(() => {
    still = taken === before && taken > 0 ? still + 1 : 0;
    before = taken;
    return still > 100;
  });
  // The kernel's buffers are full then: some megabytes, not what would have come.
  assert.ok(taken < 1000, `${taken}`);
  assert.equal((await web.ask("log", {})).status, 200);
  socket.destroy();
  await until(() => web.backend.listening === 0);
});

test("a long answer is handed on as it comes, and cut off where that ends too early", async () => {
  await using web = await TestGateway.open();
  const piece = new TextEncoder().encode(`"${"x".repeat(65_533)}",`);
  const count = 1000;
  let given = 0;
  let isWhole = true;
  async function* pieces() {
    yield new TextEncoder().encode('{"ok":true,"a":[');
    for (given = 0; given < count; given++) yield piece;
    if (!isWhole) throw new ConnectionError("ECONNRESET", "The server has gone");
    yield new TextEncoder().encode("1]}");
  }
  web.backend.answer = () => Promise.resolve(new AnswerText(pieces()));
  const { status, body } = await web.ask("log", {});
  assert.deepEqual([status, (body["a"] as unknown[]).length], [200, count + 1]);
  isWhole = false;
  await assert.rejects(web.ask("log", {}));
  // Who does not read is not written to.
  const socket = createConnection({ host: "127.0.0.1", port: web.port });
  socket.on("error", () => {});
  socket.pause();
  socket.write(requestText("POST /api/log", web.headers, "{}"));
  let [before, still] = [-1, 0];
  await until(() => {
    still = given === before && given > 0 ? still + 1 : 0;
    before = given;
    return still > 50;
  });
  assert.ok(given < count / 2, `${given}`);
  // However many of these there are, others have their answers.
  const slow = Array.from({ length: 2 * WEB_LIMITS.questions }, () => {
    const one = createConnection({ host: "127.0.0.1", port: web.port });
    one.on("error", () => {});
    one.pause();
    one.write(requestText("POST /api/log", web.headers, "{}"));
    return one;
  });
  await until(() => web.backend.asked.length === 3 + slow.length);
  web.backend.answer = null;
  assert.equal((await web.ask("status", {})).status, 200);
  for (const one of [socket, ...slow]) one.destroy();
  assert.deepEqual(web.said, []);
});

test("so many pages listen and no more", async () => {
  await using web = await TestGateway.open();
  const controller = new AbortController();
  const options = { method: "POST", headers: web.headers, body: "{}", signal: controller.signal };
  const url = `http://127.0.0.1:${web.port}/api/live`;
  const all = Array.from({ length: WEB_LIMITS.streams }, () => fetch(url, options));
  assert.ok((await Promise.all(all)).every(({ status }) => status === 200));
  const more = await fetch(url, options);
  assert.equal(more.status, 429);
  await more.text();
  controller.abort();
  await until(() => web.backend.listening === 0);
});
