import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth, escapeText, isUnsafe } from "../../src/text/escape.ts";
import { fitMiddle } from "../../src/text/middle.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

test("fitMiddle() shows what is run and the file at the end", () => {
  const line = "gcc -O2 -Wall -Iinclude -DNAME=value -c -o obj/parse.o src/parse.c";
  assert.equal(fitMiddle(line, 66), line);
  assert.equal(fitMiddle(line, 40), "gcc -O2 -Wall -I…obj/parse.o src/parse.c");
  assert.equal(fitMiddle(line, 24), "gcc -O2 -W…o src/parse.c");
});

test("fitMiddle() cuts at the end where two parts would say less than one", () => {
  assert.equal(fitMiddle("sh -c 'make all && make install'", 23), "sh -c 'make all && mak…");
  assert.equal(fitMiddle("gcc -O2 -Wall -c src/parse.c", 23), "gcc -O2 -…c src/parse.c");
  assert.equal(fitMiddle("gcc -O2 -Wall -c src/parse.c", 15), "gcc -O2 -Wall …");
  assert.equal(fitMiddle("gcc -O2 src/parse.c", 0), "");
});

test("fitMiddle() shows the file of a compiler, whatever follows it", () => {
  const cc1 = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet src/net.c -dumpbase-ext .c " +
    "-mtune=generic -march=x86-64 -O2 -o /tmp/ccK1.s";
  assert.equal(fitMiddle(cc1, 200), cc1);
  assert.equal(fitMiddle(cc1, 40), "…/cc1 -quiet src/net.c…");
  assert.equal(fitMiddle(cc1, 22), "…/cc1 -q…et src/net.c…");
  assert.equal(fitMiddle("as --64 -o obj/net.o /tmp/ccK1.s", 22), "as --64 -o obj/net.o…");
  assert.equal(fitMiddle("/usr/bin/python3 /srv/jobs/nightly", 24), "…/python3 …/jobs/nightly");
  assert.equal(fitMiddle("make -s -C build --no-print-directory", 24), "make -s -C…int-directory");
  assert.equal(fitMiddle("cat /tmp/one.txt /tmp/two-more.txt", 24), "cat /tmp/o…/two-more.txt");
});

test("fitMiddle() does not cut characters, nor leave a mark without its character", () => {
  assert.equal(fitMiddle("東京".repeat(15), 25), "東京東京東…京東京東京東京");
  const marked = `${"a".repeat(20)}e\u0301${"b".repeat(14)}`;
  assert.equal(fitMiddle(marked, 26), `${"a".repeat(10)}…e\u0301${"b".repeat(14)}`);
  assert.equal(fitMiddle(marked, 25), `${"a".repeat(10)}…${"b".repeat(14)}`);
  const faces = "\u{1f600}".repeat(30);
  assert.ok(fitMiddle(faces, 31).isWellFormed());
});

test("fitMiddle() never exceeds the width, cuts only when it must, and in no hostile text", () => {
  const seed = 4_711;
  const next = random(seed);
  for (let i = 0; i < 2000; i++) {
    const text = escapeText(randomText(next) + randomText(next));
    const cells = Math.floor(next() * 60);
    const fitted = fitMiddle(text, cells);
    assert.ok(displayWidth(fitted) <= cells, `seed ${seed}, text ${i}: ${JSON.stringify(text)}`);
    assert.ok(!isUnsafe(fitted), `seed ${seed}, text ${i}`);
    if (displayWidth(text) <= cells) assert.equal(fitted, text);
  }
});

test("fitMiddle() takes the same time for marks without end", () => {
  const pile = `a${"\u0301".repeat(100_000)}`;
  assert.ok(fitMiddle(`${"x".repeat(40)}${pile}`, 30).length < 400);
});
