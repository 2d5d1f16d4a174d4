import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Notes } from "../../src/ask/notes.ts";
import { hintsFile, isHintDue } from "../../src/cli/hints.ts";
import { tellNotes } from "../../src/cli/tell.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { fakeContext } from "../support/fake_output.ts";

const folder = temporaryFolder("fh-hints-");

function context(name: string, isTerminal = true) {
  const made = fakeContext({ env: { XDG_STATE_HOME: join(folder, name) } });
  made.stdout.isTerminal = made.stderr.isTerminal = isTerminal;
  return made;
}

test("a hint comes once, whoever asks again", () => {
  assert.equal(isHintDue(context("once"), "a"), true);
  assert.equal(isHintDue(context("once"), "a"), false);
  assert.equal(isHintDue(context("once"), "b"), true);
  const path = join(folder, "once", "fh", "hints");
  assert.equal(readFileSync(path, "utf8"), "a\nb\n");
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("pipes never see one, nor who has no place to remember it", () => {
  assert.equal(isHintDue(context("pipe", false), "a"), false);
  const homeless = fakeContext({ env: { HOME: "" } });
  homeless.stdout.isTerminal = homeless.stderr.isTerminal = true;
  assert.equal(isHintDue(homeless, "a"), false);
  assert.equal(hintsFile({ env: { HOME: "/h" } }), "/h/.local/state/fh/hints");
  assert.equal(hintsFile({ env: { HOME: "relative" } }), null);
});

test("a file that is none of ours is left alone", () => {
  const path = join(folder, "others", "fh", "hints");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "x".repeat(5000));
  assert.equal(isHintDue(context("others"), "a"), false);
  assert.equal(readFileSync(path, "utf8").length, 5000);
  mkdirSync(join(folder, "folder", "fh", "hints"), { recursive: true });
  assert.equal(isHintDue(context("folder"), "a"), false);
});

test("a note has its hint the first time, and with -q nothing at all", () => {
  const notes = new Notes();
  notes.add("no_history", "no history here", "run fh record");
  const told = (isTerminal: boolean, quiet = false) => {
    const made = context("note", isTerminal);
    tellNotes(made, notes, quiet);
    return made.stderr.text;
  };
  assert.equal(told(false), "fh: no history here\n");
  assert.equal(told(true, true), "");
  assert.equal(told(true), "fh: no history here; run fh record\n");
  assert.equal(told(true), "fh: no history here\n");
});

test("a link, a pipe and the folder of another are left alone", () => {
  const place = (name: string) => {
    const path = join(folder, name, "fh", "hints");
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  const target = join(folder, "target");
  writeFileSync(target, "");
  symlinkSync(target, place("link"));
  assert.equal(isHintDue(context("link"), "a"), false);
  assert.equal(readFileSync(target, "utf8"), "");
  assert.equal(spawnSync("mkfifo", [place("fifo")]).status, 0);
  assert.equal(isHintDue(context("fifo"), "a"), false);
  mkdirSync(join(folder, "other"));
  const others = context("other");
  assert.equal(isHintDue({ ...others, euid: others.euid + 1 }, "a"), false);
  assert.deepEqual(readdirSync(join(folder, "other")), []);
});
