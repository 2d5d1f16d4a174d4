/** What deno.json, package.json and the lock file say alike. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { VERSION } from "../src/version.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

test("src/version.ts and the files of Deno and npm name the same version", () => {
  for (const path of ["deno.json", "package.json", "package-lock.json"]) {
    assert.equal(readJson(path)["version"], VERSION, path);
  }
});

test("deno.json and package.json have the same tasks", () => {
  const scripts = readJson("package.json")["scripts"] as Record<string, string>;
  // npm runs a shell that would stand between it and fh; Deno's own shell knows no exec.
  const tasks = Object.entries(scripts).map(([name, line]) => [name, line.replace(/^exec /, "")]);
  assert.deepEqual(readJson("deno.json")["tasks"], Object.fromEntries(tasks));
});
