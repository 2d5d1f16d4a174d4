import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { type FakeAnswer, FakeServer } from "../../support/fake_server.ts";

const SINCE = "2026-11-24T20:34:02.004712345Z";
const LISTENER = {
  pid: 4711,
  id: "7c0a51fe-4711-88123",
  comm: "top\x1b[2J",
  uid: 0,
  user: "root",
  sig: 37,
  scope: "all",
  exclusive: false,
  threads: false,
  since: SINCE,
  sent: 12,
  waiting: 0,
  lost: 0,
};
const SUBSCRIBER = {
  pid: 900,
  uid: 1000,
  user: null,
  since: SINCE,
  filter: { event: ["exec"], comm: "sh" },
  sent: 100_000,
  waiting: 4096,
  lost: 7,
};

async function listeners(answer: FakeAnswer, ...argv: string[]) {
  await using server = await FakeServer.start(() => answer);
  const context = fakeContext();
  assert.equal(await runCli(context, ["listeners", "--socket", server.path, ...argv]), 0);
  assert.deepEqual(server.clients[0]!.requests, [{ op: "listeners", id: 1 }]);
  return context.stdout;
}

test("fh listeners --json prints the two lists as one object", async () => {
  const answer = { listeners: [LISTENER], subscribers: [SUBSCRIBER] };
  const { text } = await listeners(answer, "--json");
  assert.deepEqual(JSON.parse(text), answer);
  assert.equal(text.indexOf("\n"), text.length - 1);
});

test("fh listeners shows both lists, hostile names escaped", async () => {
  const { lines } = await listeners({ listeners: [LISTENER], subscribers: [SUBSCRIBER] });
  const date = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;
  const shown = lines.map((line) => line.replace(date, "TIME").replace(/ +/g, " "));
  assert.deepEqual(shown, [
    "LISTENER USER SINCE SIGNAL SENT WAITING LOST COMM FORKS",
    " 4711 root TIME SIGRTMIN+3 12 0 0 top\\x1b[2J all",
    "",
    "SUBSCRIBER USER SINCE SENT WAITING LOST FILTER",
    ' 900 1000 TIME 100000 4096 7 event=["exec"] comm=sh',
  ]);
});

test("fh listeners says so where there are none", async () => {
  const { lines } = await listeners({ listeners: [], subscribers: [] });
  assert.deepEqual(lines, ["no listeners", "", "no subscribers"]);
});

test("fh listeners paints only the heads of the columns", async () => {
  const { lines } = await listeners({ listeners: [LISTENER], subscribers: [] }, "--color=always");
  assert.ok(lines[0]!.startsWith("\x1b[1mLISTENER ") && lines[0]!.endsWith("\x1b[0m"));
  assert.ok(!lines[1]!.includes("\x1b"));
});
