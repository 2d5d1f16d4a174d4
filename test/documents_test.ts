/** Every document of the project: lines, links, sentences, and the options that examples use. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { shownOf } from "../src/cli/spec_tree.ts";
import { COMMANDS } from "../src/commands.ts";
import { commandDocuments } from "./support/command_page.ts";
import { assertGoldenFolder } from "./support/golden.ts";
import {
  callsIn,
  checkCalls,
  checkLinks,
  checkSentences,
  checkTables,
  checkWidth,
  checkWords,
  type Document,
  sentencesOf,
} from "./support/documents.ts";

const ROOT = new URL("../", import.meta.url);
const HAS_NONE = new Set(["node_modules", "dist", ".git"]);

function listDocuments(folder = ""): string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true }).flatMap((entry) => {
    if (HAS_NONE.has(entry.name)) return [];
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory()) return listDocuments(`${path}/`);
    return path.endsWith(".md") ? [path] : [];
  });
}

const DOCUMENTS: readonly Document[] = listDocuments()
  .map((path) => ({ path, text: readFileSync(new URL(path, ROOT), "utf8") }));

const exists = (path: string) => existsSync(new URL(path, ROOT));

/** What people are told of. */
const SHOWN = shownOf({ name: "fh", summary: "", actions: COMMANDS });

/** A rule: its name, the check, and a document that breaks it once. */
const RULES: readonly [string, (documents: readonly Document[]) => string[], string][] = [
  ["lines are at most 120 characters long", (all) => checkWidth(all, 120), "é".repeat(121)],
  ["tables are whole", checkTables, "| a | b\n"],
  ["links lead somewhere", (all) => checkLinks(all, exists), "[a](docs/nowhere.md)"],
  ["anchors are headings", (all) => checkLinks(all, exists), "# A\n\n[a](#b)"],
  ["sentences have at most 25 words on average", (all) => checkSentences(all, 25), "a ".repeat(26)],
  ["commands are there", (all) => checkCalls(all, SHOWN), "```sh\nls | sudo fh dance\n```"],
  ["options are there", (all) => checkCalls(all, SHOWN), "`fh log --json --dance x -- --song`"],
  ["nothing is said in old words", checkWords, "A user sees\nhis processes."],
];

for (const [name, check, bad] of RULES) {
  test(name, () => assert.deepEqual(check(DOCUMENTS), []));
  test(`a document that breaks the rule is found: ${name}`, () => {
    assert.equal(check([{ path: "bad.md", text: bad }]).length, 1);
  });
}

test("code blocks, rows of tables and addresses may be as long as they are", () => {
  const long = "x".repeat(200);
  const text = `\`\`\`sh\n${long} his\n\`\`\`\n\n| ${long} |\n\nhttps://${long}\n`;
  assert.deepEqual(checkWidth([{ path: "good.md", text }], 120), []);
  assert.deepEqual(checkWords([{ path: "good.md", text }]), []);
});

test("an anchor is found as GitHub makes it, also the second of a name", () => {
  const text = "# Who's `there`, now?\n\n## A\n\n## A\n\n[a](#whos-there-now), [b](#a-1) `[c](d)`";
  assert.deepEqual(checkLinks([{ path: "good.md", text }], exists), []);
});

test("a sentence ends with a paragraph, an item or a mark, and code is one word", () => {
  const text = "# No\n\nOne `two (three) four`\nfive. Six?\n\n- seven\n- eight [nine](ten)\n";
  assert.deepEqual(sentencesOf(text), ["One code five.", "Six?", "seven", "eight nine"]);
});

test("the calls of all documents are found", () => {
  const calls = callsIn(DOCUMENTS);
  assert.ok(calls.length > 100, `${calls.length} calls`);
  const text = "```console\n$ fh job add a $$; fh job rule add b --exe 'c --d' | fh x  # fh y\n```";
  assert.deepEqual(callsIn([{ path: "a.md", text }]), [
    { place: "a.md:2", command: "job", options: [] },
    { place: "a.md:2", command: "job", options: ["--exe"] },
    { place: "a.md:2", command: "x", options: [] },
  ]);
});

test("the documents of the commands are those of the command table", () => {
  assertGoldenFolder("../../docs/commands", commandDocuments(COMMANDS));
});
