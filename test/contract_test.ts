/** What others rely on changes with a line in docs/contract.json and in CHANGELOG.md, or not. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import * as library from "../mod.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "../src/cli/globals.ts";
import { leavesOf, shownOf } from "../src/cli/spec_tree.ts";
import { COMMANDS } from "../src/commands.ts";
import { EXIT } from "../src/fault.ts";
import { APPLICATION_ID, MIGRATIONS } from "../src/history/schema.ts";
import { PROTOCOL } from "../src/serve/protocol.ts";
import { assertContract, fieldsOf } from "./support/contract.ts";

test("the commands, their operands and their options are those of the list", () => {
  const shown = shownOf({ name: "fh", summary: "", actions: COMMANDS });
  const leaves = shown.flatMap((spec) => leavesOf(spec, [spec.name]));
  const found = leaves.filter(({ spec }) => !spec.hidden).map(({ names, spec }) => [
    `${names.join(" ")} ${spec.operands}`.trimEnd(),
    spec.options.map(({ flags }) => flags),
  ]);
  assertContract("commands", Object.fromEntries(found));
  assertContract("options", [...GLOBAL_OPTIONS, ...HELP_OPTIONS].map(({ flags }) => flags));
});

test("the exit statuses are those of the list", () => assertContract("exit", { ...EXIT }));

test("the version of the protocol is that of the list", () => {
  assertContract("protocol", PROTOCOL);
});

test("the tables of the history file are those of the list", () => {
  using db = new DatabaseSync(":memory:");
  for (const migration of MIGRATIONS) db.exec(migration);
  const tables = db.prepare(
    "select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite%' " +
      "order by name",
  ).all().map(({ name }) => {
    const columns = db.prepare("select name from pragma_table_info(?)").all(name!);
    return [name, columns.map((column) => column["name"])];
  });
  assertContract("history", {
    version: MIGRATIONS.length,
    application_id: APPLICATION_ID,
    tables: Object.fromEntries(tables),
  });
});

test("what the library exports is what the list has", () => {
  assertContract("library", Object.keys(library).sort());
});

test("the fields of values are found, each once", () => {
  const value = { a: [{ b: 1 }, { c: null }], children: [{ children: [{ d: 1 }] }] };
  assert.deepEqual([...fieldsOf([value])].sort(), [
    "a",
    "a[].b",
    "a[].c",
    "children",
    "children[].children",
    "children[].d",
  ]);
});
