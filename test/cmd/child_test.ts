import assert from "node:assert/strict";
import { test } from "node:test";
import { Child } from "../../src/cmd/child.ts";
import { createRedact } from "../../src/model/redact.ts";

async function statusOf(...argv: string[]): Promise<number | null> {
  const child = Child.start(argv, new AbortController().signal);
  await child.ended;
  return child.status;
}

test("status is the command's own", async () => {
  assert.equal(await statusOf("sh", "-c", "exit 42"), 42);
});

test("status is 128 + signal when it was killed", async () => {
  assert.equal(await statusOf("sh", "-c", "kill -9 $$"), 137);
});

test("start() says 127 for a command that is not found", () => {
  const signal = new AbortController().signal;
  const error = { status: 127, message: "Cannot run fh-no-such: it was not found" };
  assert.throws(() => Child.start(["fh-no-such"], signal), error);
  assert.throws(() => Child.start([""], signal), { status: 127 });
});

test("start() hides the secrets of a command line that is taken for a program", () => {
  const signal = new AbortController().signal;
  const message = "Cannot run mysql -p*** shop: it was not found";
  const start = () => Child.start(["mysql -phunter2 shop"], signal, createRedact());
  assert.throws(start, { status: 127, message });
});

test("start() says 126 for a command that cannot be run", () => {
  const signal = new AbortController().signal;
  for (const file of ["/etc/passwd", "/tmp"]) {
    assert.throws(() => Child.start([file], signal), { status: 126 }, file);
  }
});

test("a signal that came to us alone is passed on", async () => {
  const abort = new AbortController();
  const child = Child.start(["sleep", "60"], abort.signal);
  abort.abort("SIGTERM");
  await child.ended;
  assert.equal(child.status, 143);
});

test("SIGINT is left to the terminal, which sends it to both", async () => {
  const abort = new AbortController();
  const child = Child.start(["sh", "-c", "sleep 0.1; exit 7"], abort.signal);
  abort.abort("SIGINT");
  await child.ended;
  assert.equal(child.status, 7);
});
