import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Hook, Hooks } from "../../src/recorder/hooks.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { until } from "../support/until.ts";

const folder = temporaryFolder("fh-hooks-");
let scripts = 0;

/** A program that does this; `$OUT` is a file of its own. */
function script(text: string): { readonly path: string; readonly out: string } {
  const path = join(folder, `hook-${++scripts}`);
  writeFileSync(path, `#!/bin/sh\nOUT=${path}.out\n${text}\n`);
  chmodSync(path, 0o755);
  return { path, out: `${path}.out` };
}

function told(key: string, kind = "crash-loop", uid = 0) {
  return { kind, key, uid, json: `{"key":"${key}"}`, fields: { FH_KEY: key, FH_KIND: kind } };
}

function open(hooks: readonly Hook[], limitMs?: number): { hooks: Hooks; said: string[] } {
  const said: string[] = [];
  const env = { PATH: "/usr/bin:/bin", SECRET: "s" };
  const options = { hooks, env, say: (text: string) => said.push(text) };
  return { hooks: new Hooks(limitMs === undefined ? options : { ...options, limitMs }), said };
}

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}

test("a hook gets the finding on its input and in its environment, and no secrets", async () => {
  const { path, out } = script('read -r line; echo "$FH_KEY $FH_HELD_BACK $SECRET$line" >> $OUT');
  const { hooks, said } = open([{ path, kind: null }]);
  hooks.tell(told("a b;c"));
  await until(() => lines(out).length === 1, "the hook");
  assert.deepEqual(lines(out), ['a b;c 0 {"key":"a b;c"}']);
  assert.deepEqual(said, []);
  hooks.close();
});

test("a hook of a kind is run for that kind", async () => {
  const { path, out } = script('echo "$FH_KIND" >> $OUT');
  const { hooks } = open([{ path, kind: "fork-storm" }]);
  hooks.tell(told("1"));
  hooks.tell(told("2", "fork-storm"));
  await until(() => lines(out).length === 1, "the hook");
  await delay(100);
  assert.deepEqual(lines(out), ["fork-storm"]);
  hooks.close();
});

test("one key has one run at a time, and few run together", async () => {
  const { path, out } = script(
    'echo "begin $FH_KEY" >> $OUT; sleep 0.2; echo "end $FH_KEY" >> $OUT',
  );
  const { hooks } = open([{ path, kind: null }]);
  for (const key of ["a", "a", "b", "c", "d", "e", "f"]) hooks.tell(told(key));
  await until(() => lines(out).filter((line) => line.startsWith("end")).length === 7, "all");
  let [running, most] = [0, 0];
  const open_ = new Set<string>();
  for (const line of lines(out)) {
    const [what, key = ""] = line.split(" ");
    running += what === "begin" ? 1 : -1;
    most = Math.max(most, running);
    if (what === "begin") assert.ok(!open_.has(key), "one at a time");
    if (what === "begin") open_.add(key);
    else open_.delete(key);
  }
  assert.ok(most <= 4, `${most} at a time`);
  hooks.close();
});

test("a hook that hangs is ended with what it has started, and the next is run", async () => {
  const { path, out } = script("echo begun >> $OUT; sleep 60 & wait; echo late >> $OUT");
  const { hooks, said } = open([{ path, kind: null }], 300);
  hooks.tell(told("a"));
  hooks.tell(told("a"));
  await until(() => lines(out).length === 2, "the second");
  await until(() => said.length === 4, "both ends");
  assert.deepEqual(said.slice(0, 2), [
    `hook ${path} ended after 0.3 s: it took too long`,
    `hook ${path} ended by SIGKILL`,
  ]);
  hooks.close();
});

test("what a hook writes is told, some lines of it, and how it failed", async () => {
  const { path } = script("yes | head -c 3000000; exit 3");
  const { hooks, said } = open([{ path, kind: null }]);
  hooks.tell(told("a"));
  await until(() => said.includes(`hook ${path} ended with status 3`), "its end");
  assert.equal(said.filter((line) => line === `hook ${path}: y`).length, 10);
  hooks.close();
});

test("a hook that is not there, or no program, is told in a line each time", async () => {
  const none = join(folder, "none");
  const { hooks, said } = open([{ path: none, kind: null }]);
  hooks.tell(told("a"));
  await until(() => said.length === 1, "the first");
  hooks.tell(told("a"));
  await until(() => said.length === 2, "the second");
  assert.deepEqual(said, Array(2).fill(`hook ${none} cannot be run: ENOENT`));
  hooks.close();
});

test("too many at once are held back, and the next run is told how many", async () => {
  const { path, out } = script('echo "$FH_HELD_BACK" >> $OUT; sleep 0.1');
  const { hooks } = open([{ path, kind: null }]);
  // Four run at once, 64 wait.
  for (let i = 0; i < 100; i++) hooks.tell(told(`key-${i}`));
  await until(() => lines(out).length >= 6, "some");
  const held = lines(out).map(Number);
  assert.equal(held.reduce((a, b) => a + b, 0), 100 - 4 - 64);
  hooks.close();
});

test("an ordinary user's findings leave room for those of others", async () => {
  const { path, out } = script('echo "$FH_KEY" >> $OUT');
  const { hooks } = open([{ path, kind: null }]);
  for (let i = 0; i < 100; i++) hooks.tell(told(`of-nobody-${i}`, "crash-loop", 65534));
  for (let i = 0; i < 10; i++) hooks.tell(told(`of-root-${i}`));
  await until(
    () => lines(out).filter((line) => line.startsWith("of-root")).length === 10,
    "root's",
  );
  assert.ok(lines(out).filter((line) => line.startsWith("of-nobody")).length <= 20);
  hooks.close();
});

test("what a hook leaves behind is ended with it", async () => {
  const { path, out } = script("sleep 300 & echo $! > $OUT");
  const { hooks } = open([{ path, kind: null }]);
  hooks.tell(told("a"));
  const pid = await until(() => Number(lines(out)[0] ?? 0) || null, "the hook");
  await until(() => !existsSync(`/proc/${pid}`) || isZombie(pid), "its end");
  hooks.close();
});

function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
