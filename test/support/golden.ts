/**
 * Expected output in files of its own. `FH_GOLDEN=1` writes the files anew: read what changed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";

/** Compares `text` with the file `name` below test/fixtures. */
export function assertGolden(name: string, text: string): void {
  const url = new URL(`../fixtures/${name}`, import.meta.url);
  if (process.env["FH_GOLDEN"] === "1") writeFileSync(url, text);
  assert.equal(text, readFileSync(url, "utf8"));
}

/** Compares the files of the folder `name` below test/fixtures with `texts`, by their names. */
export function assertGoldenFolder(name: string, texts: ReadonlyMap<string, string>): void {
  const url = new URL(`../fixtures/${name}/`, import.meta.url);
  if (process.env["FH_GOLDEN"] === "1") {
    rmSync(url, { recursive: true, force: true });
    mkdirSync(url);
    for (const [file, text] of texts) writeFileSync(new URL(file, url), text);
  }
  assert.deepEqual(readdirSync(url).sort(), [...texts.keys()].sort());
  for (const [file, text] of texts) assert.equal(text, readFileSync(new URL(file, url), "utf8"));
}
