/**
 * Expected output in files of its own. `FH_GOLDEN=1` writes the files anew: read what changed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

/** Compares `text` with the file `name` below test/fixtures. */
export function assertGolden(name: string, text: string): void {
  const url = new URL(`../fixtures/${name}`, import.meta.url);
  if (process.env["FH_GOLDEN"] === "1") writeFileSync(url, text);
  assert.equal(text, readFileSync(url, "utf8"));
}
