/** The styles of the page, beside those of the report's timeline that it borrows. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const PAGE = new URL("../../src/web/page/", import.meta.url);
const BORROWED = new URL("../../src/report/page/style/timeline.css", import.meta.url);

function namesIn(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].flatMap(([, names]) => names!.trim().split(/\s+/)));
}

function textOf(folder: URL, suffix: string): string {
  return readdirSync(folder).filter((name) => name.endsWith(suffix))
    .map((name) => readFileSync(new URL(name, folder), "utf8")).join("");
}

test("nothing of the page has a name to which the borrowed styles give another look", () => {
  const borrowed = namesIn(readFileSync(BORROWED, "utf8"), /\.([a-z][\w-]*)/g);
  assert.ok(borrowed.has("timeline") && borrowed.has("over"));
  const source = textOf(PAGE, ".tsx");
  const own = namesIn(source, /(?:class=|\? |: )"([a-z][a-z -]*)"/g);
  assert.ok(own.has("finding") && own.has("panel"));
  assert.deepEqual([...own].filter((name) => borrowed.has(name)), []);
});

test("each file of styles is used, and no rule stands within another's selector", () => {
  const html = readFileSync(new URL("index.html", PAGE), "utf8");
  for (const name of readdirSync(new URL("style/", PAGE))) {
    assert.ok(html.includes(`href="./style/${name}"`), name);
    const text = readFileSync(new URL(`style/${name}`, PAGE), "utf8");
    // A selector that was not ended swallows what follows, comments and all.
    assert.doesNotMatch(text, /[^\s{}*/;]\s*\/\*/, name);
  }
});
