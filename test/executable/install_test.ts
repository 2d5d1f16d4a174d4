/** scripts/install.sh puts the executable with its page and completion in place, and away again. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/install.sh", import.meta.url));
const PAGES = fileURLToPath(new URL("../../contrib/man/", import.meta.url));

/** What is installed, below the folder that is named. */
const FILES = {
  program: "bin/fh",
  bash: "share/bash-completion/completions/fh",
  zsh: "share/zsh/site-functions/_fh",
  fish: "share/fish/vendor_completions.d/fh.fish",
  list: "share/fh/installed",
};

/** The man pages, as they are installed. */
const MAN = readdirSync(PAGES).map((name) => `share/man/man${name.at(-1)}/${name}`);

const folder = temporaryFolder("fh-install-");

/** Runs the script as somebody who keeps files to themselves. */
function install(...args: string[]) {
  return runProgram("sh", ["-c", 'umask 077 && exec sh "$0" "$@"', SCRIPT, ...args]);
}

/** The regular files below a folder, in order. */
function filesIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

test("fh is installed with its man page and completion, twice, and removed without a trace", () => {
  const prefix = join(folder, "here and there");
  for (let times = 0; times < 2; times++) {
    const { status, stdout, stderr } = install(prefix);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: "" }, stderr);
    assert.match(stderr, /^fh: installed .*\nfh: .* is not in PATH; .*\n$/);
    assert.deepEqual(filesIn(prefix), [...Object.values(FILES), ...MAN].sort());
  }
  const program = join(prefix, FILES.program);
  assert.equal(runProgram(program, ["--version"]).stdout, runFh(["--version"]).stdout);
  assert.equal(statSync(program).mode & 0o777, 0o755);
  for (const path of MAN) {
    const page = readFileSync(join(PAGES, basename(path)), "utf8");
    assert.equal(readFileSync(join(prefix, path), "utf8"), page);
  }
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const path = join(prefix, FILES[shell]);
    assert.equal(readFileSync(path, "utf8"), runFh(["completion", shell]).stdout);
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o755);
  }
  assert.equal(install("--uninstall", prefix).status, 0);
  assert.deepEqual(filesIn(prefix), []);
  const { status, stderr } = install("--uninstall", prefix);
  assert.equal(status, 1);
  assert.match(stderr, /^fh: Nothing to remove: there is no .*; name the folder it is below\n$/);
});

test("what an earlier version had and this one has not goes away", () => {
  const prefix = join(folder, "update");
  install(prefix);
  const old = "share/man/man1/fh-old.1";
  writeFileSync(join(prefix, old), "");
  writeFileSync(join(prefix, FILES.list), `${old}\n`, { flag: "a" });
  assert.equal(install(prefix).status, 0);
  assert.deepEqual(filesIn(prefix), [...Object.values(FILES), ...MAN].sort());
});

test("a list that names the files of others removes none of them", () => {
  const prefix = join(folder, "forged");
  install(prefix);
  const before = filesIn(prefix);
  for (const file of ["bin/sh", "share/../bin/fh", "/etc/passwd"]) {
    writeFileSync(join(prefix, FILES.list), `${file}\n`);
    const { status, stderr } = install("--uninstall", prefix);
    assert.equal(status, 1);
    assert.match(stderr, /^fh: Cannot remove /);
  }
  assert.deepEqual(filesIn(prefix), before);
});

test("an archive is installed by the script in it", () => {
  const archive = join(folder, "archive");
  mkdirSync(join(archive, "man"), { recursive: true });
  copyFileSync(FH, join(archive, "fh"));
  copyFileSync(SCRIPT, join(archive, "install.sh"));
  for (const name of readdirSync(PAGES)) copyFileSync(PAGES + name, join(archive, "man", name));
  const prefix = join(folder, "from an archive");
  const { status, stderr } = runProgram("sh", [join(archive, "install.sh"), prefix]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(filesIn(prefix), [...Object.values(FILES), ...MAN].sort());
});

test("whoever is not root installs below the home folder", () => {
  const home = join(folder, "home");
  mkdirSync(home);
  // id(1) says who calls.
  const bin = join(folder, "bin");
  mkdirSync(bin);
  runProgram("sh", ["-c", `printf '#!/bin/sh\\necho 1000\\n' > ${bin}/id && chmod 755 ${bin}/id`]);
  const env = { HOME: home, PATH: `${home}/.local/bin:${bin}:${process.env["PATH"]}` };
  const { status, stderr } = runProgram("sh", [SCRIPT], { env });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^fh: installed .*\n$/);
  assert.ok(existsSync(join(home, ".local", FILES.program)));
});

test("an option that nobody knows and a second folder are refused", () => {
  for (const args of [["--help"], [""], ["a", "b"], ["--uninstall", "-x"]]) {
    const { status, stderr } = install(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^fh: Bad operands: .*; use .*\n$/);
  }
});

test("without an executable the script says how to make one", () => {
  const copy = join(folder, "clone");
  runProgram("mkdir", ["-p", join(copy, "scripts")]);
  runProgram("cp", [SCRIPT, join(copy, "scripts")]);
  const { status, stderr } = runProgram("sh", [join(copy, "scripts/install.sh"), folder]);
  assert.equal(status, 1);
  assert.equal(stderr, "fh: Nothing to install: no dist/fh; run npm run build first\n");
  assert.ok(existsSync(FH));
});
