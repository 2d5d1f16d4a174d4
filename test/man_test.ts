import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { shownOf } from "../src/cli/spec_tree.ts";
import { COMMANDS } from "../src/commands.ts";
import { assertGolden } from "./support/golden.ts";
import { manPage } from "./support/man.ts";

const PATH = new URL("../contrib/man/fh.1", import.meta.url);

test("the man page is that of the command table", () => {
  assertGolden("../../contrib/man/fh.1", manPage(COMMANDS));
});

const groff = spawnSync("groff", ["--version"]).status === 0;

test("groff has nothing to say about the man page", {
  skip: groff ? false : "no groff on this machine",
}, () => {
  const { stdout, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", PATH.pathname], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  // deno-lint-ignore no-control-regex
  const plain = stdout.replace(/\x1b\[[\d;]*m|.\x08/g, "");
  const text = plain.replaceAll("\u2010", "-").replaceAll("\u2212", "-");
  const shown = shownOf({ name: "fh", summary: "", actions: COMMANDS });
  for (const { name } of shown) assert.ok(text.includes(`fh ${name}`), name);
  assert.doesNotMatch(text, /fh complete/);
  assert.ok(text.includes("--min-duration"), text.slice(0, 2000));
  assert.ok(readFileSync(PATH, "utf8").length > 5000);
});
