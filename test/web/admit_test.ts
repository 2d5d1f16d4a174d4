/** Who is let in, by the head of a request alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Admission, admit } from "../../src/web/admit.ts";
import { policyOf, SAFE_HEADERS } from "../../src/web/headers.ts";
import { Refusals } from "../../src/web/refusals.ts";
import { isToken, newToken } from "../../src/web/token.ts";

const TOKEN = newToken();
const PORT = 8811;
const HOST = `127.0.0.1:${PORT}`;
const GOOD = {
  host: HOST,
  authorization: `Bearer ${TOKEN}`,
  "content-type": "application/json",
};

function head(method: string, target: string, headers: Record<string, string | string[]>) {
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) => {
    return [value].flat().flatMap((one) => [name, one]);
  });
  return { method, target, rawHeaders };
}

function said(admission: Admission): string {
  return admission.kind === "refused" ? `${admission.status} ${admission.why}` : admission.kind;
}

function asked(headers: Record<string, string | string[]>, target = "/api/log", method = "POST") {
  return said(admit(head(method, target, { ...GOOD, ...headers }), { token: TOKEN, port: PORT }));
}

test("the page is for everybody of this host, questions for who has the token", () => {
  assert.equal(asked({}), "question");
  assert.equal(asked({ origin: `http://${HOST}`, "sec-fetch-site": "same-origin" }), "question");
  for (const host of [`localhost:${PORT}`, `[::1]:${PORT}`, `LOCALHOST:${PORT}`]) {
    assert.equal(asked({ host }), "question", host);
  }
  const page = head("GET", "/", { host: HOST });
  assert.equal(said(admit(page, { token: TOKEN, port: PORT })), "page");
  // The other end of an ssh forward has a port of its own.
  const forwarded = head("GET", "/", { host: "localhost:1234" });
  assert.equal(said(admit(forwarded, { token: TOKEN, port: null })), "page");
});

test("attacks are refused by the head of the request", () => {
  const attacks: readonly (readonly [string, string, () => string])[] = [
    ["DNS rebinding", "421 host", () => asked({ host: `evil.example:${PORT}` })],
    ["another port's page", "421 host", () => asked({ host: "127.0.0.1:9999" })],
    ["no port", "421 host", () => asked({ host: "127.0.0.1" })],
    ["two hosts", "421 host", () => asked({ host: [HOST, "evil.example"] })],
    ["a host in disguise", "421 host", () => asked({ host: `127.0.0.1.evil.example:${PORT}` })],
    ["an empty host", "421 host", () => asked({ host: "" })],
    ["cross-site", "403 origin", () => asked({ origin: "https://evil.example" })],
    ["another port", "403 origin", () => asked({ origin: "http://127.0.0.1:9999" })],
    ["a sandboxed frame", "403 origin", () => asked({ origin: "null" })],
    ["two origins", "403 origin", () => asked({ origin: [`http://${HOST}`, `http://${HOST}`] })],
    ["fetch metadata", "403 origin", () => asked({ "sec-fetch-site": "cross-site" })],
    ["a same-site page", "403 origin", () => asked({ "sec-fetch-site": "same-site" })],
    ["typed in", "403 origin", () => asked({ "sec-fetch-site": "none" })],
    ["no token", "401 no token", () => asked({ authorization: [] })],
    ["a wrong token", "401 wrong token", () => asked({ authorization: `Bearer ${newToken()}` })],
    ["half of it", "401 wrong token", () => asked({ authorization: `Bearer ${TOKEN.slice(1)}` })],
    ["Basic", "401 wrong token", () => asked({ authorization: `Basic ${TOKEN}` })],
    [
      "two tokens",
      "401 wrong token",
      () => asked({ authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }),
    ],
    ["a cookie", "401 no token", () => asked({ authorization: [], cookie: `token=${TOKEN}` })],
    ["in the query", "404 path", () => asked({}, `/api/log?token=${TOKEN}`)],
    ["a form", "415 type", () => asked({ "content-type": "application/x-www-form-urlencoded" })],
    ["a simple post", "415 type", () => asked({ "content-type": "text/plain" })],
    ["GET", "405 method", () => asked({}, "/api/log", "GET")],
    ["a preflight", "405 method", () => asked({}, "/api/log", "OPTIONS")],
    ["TRACE", "405 method", () => asked({}, "/", "TRACE")],
    ["path traversal", "404 path", () => asked({}, "/../../etc/passwd")],
    ["encoded", "404 path", () => asked({}, "/api/%2e%2e%2fetc")],
    ["deeper", "404 path", () => asked({}, "/api/log/../job_kill")],
    ["an absolute URL", "404 path", () => asked({}, `http://${HOST}/api/log`)],
    ["a newline", "404 path", () => asked({}, "/api/log\n")],
  ];
  for (const [name, expected, attack] of attacks) assert.equal(attack(), expected, name);
});

test("tokens are long, differ, and are compared whole", () => {
  assert.match(TOKEN, /^[\w-]{43}$/);
  assert.notEqual(newToken(), newToken());
  assert.ok(isToken(TOKEN, TOKEN));
  for (const other of ["", "x", `${TOKEN}x`, TOKEN.toLowerCase() + "A"]) {
    assert.ok(!isToken(other, TOKEN), other);
  }
});

test("every refusal is counted, so many are told, and nothing of a request is", () => {
  const lines: string[] = [];
  let now = 0;
  const refusals = new Refusals((text) => lines.push(text), () => now);
  for (let i = 0; i < 100; i++) refusals.add("wrong token", 401);
  assert.deepEqual(refusals.counts, { "wrong token": 100 });
  assert.equal(lines.length, 60);
  assert.equal(lines[0], "web: refused a request: wrong token (401)");
  now = 60_000;
  refusals.add("host", 421);
  assert.equal(lines[60], "web: refused 40 more requests in that minute");
  assert.deepEqual(refusals.counts, { "wrong token": 100, host: 1 });
});

test("the policy lets the one script and the one style run, and nothing be fetched", () => {
  const policy = policyOf("<style>b{}</style><script type=module>let a;</script>");
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-/);
  assert.match(policy, /connect-src 'self';.*base-uri 'none';.*frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.notEqual(policy, policyOf("<style>b{}</style><script type=module>let b;</script>"));
  assert.equal(SAFE_HEADERS["Cache-Control"], "no-store");
  assert.equal(
    Object.keys(SAFE_HEADERS).some((name) => /access-control|cookie/i.test(name)),
    false,
  );
});
