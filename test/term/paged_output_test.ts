import assert from "node:assert/strict";
import { test } from "node:test";
import type { Output } from "../../src/term/output.ts";
import { PagedOutput, type Pages } from "../../src/term/paged_output.ts";

const decode = (chunk: string | Uint8Array) =>
  typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);

/** A terminal of 10 cells and 4 lines, and a pager. */
function terminal() {
  const shown = {
    ...{ terminal: "", pager: null as string | null, left: false, ended: false },
    failed: false,
  };
  const output: Output = {
    ...{ closed: false, pendingBytes: 0, isTerminal: true, columns: 10, rows: 4 },
    write: (chunk) => void (shown.terminal += decode(chunk)),
    flush: () => Promise.resolve(),
  };
  const pages: Pages = {
    get closed() {
      return shown.left;
    },
    get hasFailed() {
      return shown.failed;
    },
    pendingBytes: 7,
    write: (chunk) => void (shown.pager += decode(chunk)),
    drain: () => Promise.resolve(),
    end: () => {
      shown.ended = true;
      return Promise.resolve();
    },
  };
  const paged = new PagedOutput(output, () => {
    shown.pager = "";
    return pages;
  });
  return { shown, paged };
}

test("what fits on the screen is shown at the end, without a pager", async () => {
  const { shown, paged } = terminal();
  paged.write("a\n");
  paged.write(new TextEncoder().encode("b\nc\n"));
  await paged.flush();
  assert.deepEqual([shown.terminal, shown.pager], ["", null]);
  await paged.end();
  assert.deepEqual([shown.terminal, shown.pager, shown.ended], ["a\nb\nc\n", null, false]);
});

test("what is longer goes to the pager, whole, and its reader is waited for", async () => {
  const { shown, paged } = terminal();
  const bytes = new TextEncoder().encode("a\nb\n");
  paged.write(bytes);
  bytes.fill(33);
  paged.write("c\nd\n");
  assert.equal(shown.pager, "a\nb\nc\nd\n");
  paged.write("e\n");
  assert.deepEqual([paged.pendingBytes, paged.closed], [7, false]);
  await paged.end();
  assert.deepEqual([shown.terminal, shown.pager, shown.ended], ["", "a\nb\nc\nd\ne\n", true]);
});

test("a long line takes several of the terminal's", () => {
  const { shown, paged } = terminal();
  paged.write("x".repeat(15));
  paged.write(`${"y".repeat(16)}\n`);
  assert.equal(shown.pager?.length, 32);
});

test("who leaves the pager wants no more", () => {
  const { shown, paged } = terminal();
  paged.write("a\nb\nc\nd\n");
  shown.left = true;
  assert.equal(paged.closed, true);
});

test("where the pager could not be started all is shown as it is", async () => {
  const { shown, paged } = terminal();
  paged.write("a\nb\nc\nd\n");
  shown.failed = shown.left = true;
  paged.write("e\n");
  assert.equal(shown.terminal, "a\nb\nc\nd\ne\n");
  assert.equal(paged.closed, false);
  await paged.end();
  assert.equal(shown.terminal, "a\nb\nc\nd\ne\n");
  const late = terminal();
  late.paged.write("a\nb\nc\nd\n");
  late.shown.failed = true;
  await late.paged.end();
  assert.equal(late.shown.terminal, "a\nb\nc\nd\n");
});
