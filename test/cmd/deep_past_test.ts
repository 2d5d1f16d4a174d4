import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandSpec } from "../../src/cli/command.ts";
import { logCommand } from "../../src/cmd/log/command.ts";
import { treeCommand } from "../../src/cmd/tree/command.ts";
import { whyCommand } from "../../src/cmd/why/command.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { ANCESTORS_MAX } from "../../src/model/memory.ts";
import { atEnd } from "../support/at_end.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { fakeContext } from "../support/fake_output.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";

const S = 1e9;
const STEP = 1e5;
const GENERATIONS = 70_000;
const LAST = 9 + GENERATIONS;
/** What is followed of it, the last and its parent included; and where that ends. */
const SHOWN = ANCESTORS_MAX + 2;
const TOP = LAST - SHOWN + 1;
/** What is quadratic takes longer, on whatever host. */
const BOUND_MS = 60_000;

/** Each generation forks the next, execs and ends. */
function* chain(): Generator<SourceEvent> {
  for (let i = 0; i < GENERATIONS; i++) {
    const at = 2 * S + i * STEP;
    yield fork(at, 10 + i, i === 0 ? 1 : 9 + i);
    if (i === 0) continue;
    yield exec(at + 1, 9 + i, "/bin/chain", "next");
    yield exit(at + 2, 9 + i, 0);
  }
  yield exit(2 * S + (GENERATIONS + 1) * STEP, LAST, 0x300);
}

const past = new TestRecorder();
past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
let told = 0;
for (const event of chain()) {
  past.tell(event);
  if (++told % 10_000 === 0) past.flush();
}
past.end();
atEnd(() => past[Symbol.dispose]());

/** What a command writes, on a host where nothing of the chain is left. */
async function run(
  command: CommandSpec,
  operands: readonly string[],
  given: Record<string, unknown>,
): Promise<string> {
  const files = { "sys/kernel/random/boot_id": PAST_BOOT };
  const { root, remove } = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", start: 0 }], files);
  try {
    const context = fakeContext({ procRoot: root, env: { LANG: "C.UTF-8" } });
    const options = { color: "never", db: past.path, quiet: true, ...given };
    const begin = performance.now();
    const status = await command.run(context, operands, options);
    const ms = performance.now() - begin;
    assert.equal(status, 0, context.stderr.text);
    assert.ok(ms < BOUND_MS, `${command.name} took ${ms} ms`);
    return context.stdout.text;
  } finally {
    remove();
  }
}

test(`fh why follows a dead chain of ${GENERATIONS} generations`, async () => {
  const text = await run(whyCommand, [String(LAST)], {});
  const lines = text.trimEnd().split("\n");
  // A sentence and the columns' names stand above, what is not shown below.
  assert.equal(lines.length, SHOWN + 4);
  assert.equal(lines.at(-1), `… more above: ${SHOWN - 1} ancestors are followed`);
  const told = JSON.parse(await run(whyCommand, [String(LAST)], { json: true }));
  assert.deepEqual([told.chain.length, told.more_above], [SHOWN, true]);
  assert.deepEqual([told.chain.at(-1).pid, told.chain.at(-1).ppid], [TOP, TOP - 1]);
});

test(`fh tree draws a dead chain of ${GENERATIONS} generations in bounded lines`, async () => {
  const text = await run(treeCommand, [String(LAST)], {});
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, SHOWN);
  assert.ok(lines.every((line) => line.length < 500));
});

test(`fh tree --json writes a dead chain of ${GENERATIONS} generations`, async () => {
  const text = await run(treeCommand, [String(LAST)], { json: true });
  let depth = 0;
  let at = JSON.parse(text);
  assert.deepEqual([at.pid, at.ppid, at.more_above], [TOP, TOP - 1, true]);
  for (; at.children.length > 0; at = at.children[0]) depth++;
  assert.equal(depth, SHOWN - 1);
  assert.equal(at.pid, LAST);
});

test(`fh tree --at stands in the midst of a chain of ${GENERATIONS} generations`, async () => {
  const middle = 9 + GENERATIONS / 2;
  const at = new Date((1_795_478_400 + (2 * S + GENERATIONS / 2 * STEP) / S) * 1000).toISOString();
  const text = await run(treeCommand, [], { at, json: true, kernel: true });
  assert.ok(text.includes(`"pid":${middle},`));
});

test(`fh log tells ${GENERATIONS} generations, each with the image it began with`, async () => {
  const text = await run(logCommand, [], { json: true, event: ["fork"], limit: 1e6 });
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.length, GENERATIONS);
  assert.ok(lines.every(({ argv }) => argv[0] === "/sbin/init"));
});

test(`fh log --pid finds the descendants in a chain of ${GENERATIONS} generations`, async () => {
  const text = await run(logCommand, [], { pid: [`${LAST - 10}`], json: true, event: ["exit"] });
  assert.equal(text.trimEnd().split("\n").length, 11);
});

test(`fh log --pid finds all below the first of ${GENERATIONS} generations`, async () => {
  const text = await run(logCommand, [], { pid: ["10"], json: true, event: ["exit"], limit: 1e6 });
  assert.equal(text.trimEnd().split("\n").length, GENERATIONS);
});
