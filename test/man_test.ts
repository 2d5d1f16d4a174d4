import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { shownOf } from "../src/cli/spec_tree.ts";
import { COMMANDS } from "../src/commands.ts";
import { assertGoldenFolder } from "./support/golden.ts";
import { commandPages } from "./support/man.ts";
import { documentPage, type PageHead } from "./support/man_document.ts";
import { unless } from "./support/unless.ts";

const FOLDER = fileURLToPath(new URL("../contrib/man/", import.meta.url));

/** Documents that are pages, too. */
const DOCUMENTS: Readonly<Record<string, PageHead>> = {
  "history-schema.md": {
    name: "fh-history",
    section: 5,
    manual: "File Formats",
    summary: "the history file of fh",
  },
  "protocol.md": {
    name: "fh-protocol",
    section: 7,
    manual: "Miscellaneous",
    summary: "the socket of fh record and fh serve",
  },
};

function pages(): Map<string, string> {
  const all = commandPages(COMMANDS);
  for (const [file, head] of Object.entries(DOCUMENTS)) {
    const text = readFileSync(new URL(`../docs/${file}`, import.meta.url), "utf8");
    all.set(`${head.name}.${head.section}`, documentPage(head, text));
  }
  return all;
}

test("the man pages are those of the command table and of the documents", () => {
  assertGoldenFolder("../../contrib/man", pages());
});

const groff = spawnSync("groff", ["--version"]).status === 0 ? null : "needs groff";

/** A page as a reader gets it. */
function read(file: string): { text: string; stderr: string } {
  const { stdout, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", `${FOLDER}${file}`], {
    encoding: "utf8",
  });
  // deno-lint-ignore no-control-regex
  const plain = stdout.replace(/\x1b\[[\d;]*m|.\x08/g, "");
  return { text: plain.replaceAll("\u2010", "-").replaceAll("\u2212", "-"), stderr };
}

test(...unless(groff, "groff has nothing to say about the man pages"), () => {
  for (const file of readdirSync(FOLDER)) assert.equal(read(file).stderr, "", file);
});

test(...unless(groff, "the man pages name every command, and every option of one"), () => {
  const { text } = read("fh.1");
  const shown = shownOf({ name: "fh", summary: "", actions: COMMANDS });
  for (const { name } of shown) assert.ok(text.includes(`fh-${name}(1)`), name);
  assert.doesNotMatch(text, /fh-complete\(/);
  assert.match(read("fh-watch.1").text, /--min-duration <time>\n +exits after at least/);
  assert.match(read("fh-job.1").text, /fh job rule add/);
  assert.match(read("fh-protocol.7").text, /EUSERS \(|EUSERS +87/);
  assert.match(read("fh-history.5").text, /born \+ span/);
});
