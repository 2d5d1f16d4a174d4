/** The table of limits says what is so, and all of them fit below what the unit allows. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { unitText } from "../src/cmd/record/unit_text.ts";

const MIB = 1 << 20;
const ROOT = new URL("../", import.meta.url);
const text = readFileSync(new URL("docs/limits.md", ROOT), "utf8");
const table = text.slice(text.indexOf("## Memory of a recorder"), text.indexOf("Together:"));
const rows = table.split("\n").filter((line) => /^\| [^|]* \| \d+ \|/.test(line)).map((line) => {
  const [, what, mib, , limit] = line.split("|").map((cell) => cell.trim());
  return { what, mib: Number(mib), limit };
});

test("each row of the table that names a limit has its value", async () => {
  let named = 0;
  for (const { what, mib, limit } of rows) {
    const [, file, path] = /^`(.*)` `(.*)`$/.exec(limit!) ?? [];
    if (file === undefined || path === undefined) continue;
    let value = await import(new URL(file, ROOT).href);
    for (const key of path.split(".")) value = value[key];
    const bytes = path.endsWith("_KIB") || path.includes("_KIB_") ? value * 1024 : value;
    assert.equal(mib, bytes / MIB, what);
    named++;
  }
  assert.ok(named >= 12, `${named} named`);
});

test("all limits together fit below the unit's", () => {
  const sum = rows.reduce((sum, { mib }) => sum + mib, 0);
  assert.equal(Number(/^Together: (\d+) MiB\.$/m.exec(text)?.[1]), sum);
  const unit = Number(/^MemoryMax=(\d+)M$/m.exec(unitText("/usr/bin/fh"))?.[1]);
  assert.ok(sum < unit, `${sum} of ${unit} MiB`);
});
