/** The documentation of what the library gives to other programs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What `deno doc --lint` has to say about a module; empty when it is content. */
function lintDocs(path: string): string {
  const { status, stderr, error } = spawnSync(
    join(ROOT, "node_modules/.bin/deno"),
    ["doc", "--lint", path],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  if (error !== undefined) throw error;
  return status === 0 ? "" : stderr;
}

test("the public types of mod.ts are documented", () => {
  assert.equal(lintDocs("mod.ts"), "");
});

test("a public type without documentation is found", () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-tidy-"));
  try {
    const path = join(folder, "bad.ts");
    writeFileSync(path, "export interface A {\n  b: number;\n}\n");
    assert.match(lintDocs(path), /missing-jsdoc/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
