import assert from "node:assert/strict";
import { test } from "node:test";
import { NextOf } from "../../src/redact/next_of.ts";
import { random } from "../support/random.ts";

test("after() finds what comes next, and the end where nothing does", () => {
  const next = new NextOf("a:b:c", /:/g);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((from) => next.after(from)), [1, 1, 3, 3, 5, 5]);
  assert.equal(new NextOf("", /x/g).after(0), 0);
});

test("after() answers for any places that grow, and also for one before", () => {
  const draw = random(1);
  for (let i = 0; i < 500; i++) {
    const text = Array.from({ length: draw() * 40 }, () => draw() < 0.2 ? ":" : "a").join("");
    const next = new NextOf(text, /:/g);
    for (let from = 0; from <= text.length; from += Math.floor(draw() * 4) - 1) {
      from = Math.max(from, 0);
      const at = text.indexOf(":", from);
      assert.equal(next.after(from), at < 0 ? text.length : at, `${text} ${from}`);
    }
  }
});
