import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createFile, replaceFile, whyNotReplace } from "../../src/cmd/new_file.ts";
import { temporaryFolder } from "../support/at_end.ts";

const folder = temporaryFolder("fh-new-");
const at = (name: string) => join(folder, name);

test("replaceFile() makes a file of one's own, and puts it in the place of another", () => {
  replaceFile(at("new"), "one\n");
  assert.deepEqual([readFileSync(at("new"), "utf8"), lstatSync(at("new")).mode & 0o777], [
    "one\n",
    0o600,
  ]);
  writeFileSync(at("shared"), "theirs", { mode: 0o644 });
  linkSync(at("shared"), at("other name"));
  replaceFile(at("shared"), "ours");
  assert.equal(readFileSync(at("other name"), "utf8"), "theirs", "a second name keeps its file");
  assert.deepEqual([readFileSync(at("shared"), "utf8"), lstatSync(at("shared")).mode & 0o777], [
    "ours",
    0o600,
  ]);
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".")), []);
});

test("nothing is written through a link, into a folder or where nobody reads", () => {
  writeFileSync(at("target"), "kept");
  symlinkSync(at("target"), at("link"));
  symlinkSync(at("nowhere"), at("dangling"));
  mkdirSync(at("folder"));
  assert.equal(spawnSync("mkfifo", [at("pipe")]).status, 0);
  for (const name of ["link", "dangling"]) {
    assert.throws(() => replaceFile(at(name), "x"), /^Error: it is a symbolic link$/);
    assert.throws(() => createFile(at(name)), { code: "EEXIST" });
  }
  assert.equal(whyNotReplace(at("folder")), "it is a folder");
  assert.throws(() => replaceFile(at("pipe"), "x"), { code: "ENXIO" });
  assert.throws(() => replaceFile(at("no/such"), "x"), { code: "ENOENT" });
  assert.equal(readFileSync(at("target"), "utf8"), "kept");
  assert.ok(!readdirSync(folder).includes("nowhere"));
  replaceFile("/dev/null", "gone");
});
