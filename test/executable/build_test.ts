import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { unless } from "../support/unless.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOBODY = 65_534;
const notRoot = process.getuid?.() === 0 ? null : "needs root";

const folder = temporaryFolder("fh-build-");
chmodSync(folder, 0o777);

const sprung = join(folder, "sprung");
writeFileSync(join(folder, ".env"), "FH_TRAP=43\n");
writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
writeFileSync(
  join(folder, "trap.ts"),
  'import { writeFileSync } from "node:fs";\nwriteFileSync("sprung", "");\n',
);
writeFileSync(join(folder, "probe.ts"), "process.exit(Number(process.env.FH_TRAP ?? 42));\n");

/** Ends with the status that the environment names, which is 42 where .env was not read. */
const ASK_ENVIRONMENT = ["watch", "--source", "poll", "--", "sh", "-c", "exit ${FH_TRAP:-42}"];

function withoutTrap(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin" };
}

test("the traps laid for fh catch a program that reads .env and bunfig.toml", () => {
  const bun = join(ROOT, "node_modules/.bin/bun");
  const { status } = runProgram(bun, ["probe.ts"], { cwd: folder, env: withoutTrap() });
  assert.equal(status, 43);
  assert.ok(existsSync(sprung));
  rmSync(sprung);
});

test("fh runs no preload of a bunfig.toml in the folder it is started in", () => {
  for (const args of [["--version"], ASK_ENVIRONMENT]) {
    runFh(args, { cwd: folder, env: withoutTrap() });
    assert.ok(!existsSync(sprung), args.join(" "));
  }
});

test("fh does not read .env in the folder it is started in", () => {
  const { status, stderr } = runFh(ASK_ENVIRONMENT, { cwd: folder, env: withoutTrap() });
  assert.equal(status, 42, stderr);
});

test("fh hands its own environment on to the command it watches", () => {
  const env = { ...withoutTrap(), FH_TRAP: "44" };
  const { status, stderr } = runFh(ASK_ENVIRONMENT, { cwd: folder, env });
  assert.equal(status, 44, stderr);
});

test("fh --version prints the version of deno.json", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  const { status, stdout, stderr } = runFh(["--version"]);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${version}\n`, stderr: "" });
});

test("fh finds its Worker from / with an empty environment", () => {
  const args = ["watch", "--json", "--source", "poll", "--duration", "100ms"];
  const { status, stdout, stderr } = runFh(args, { cwd: "/", env: {} });
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout.split("\n")[0]!).event, "source");
});

test(...unless(notRoot, "fh watches where its sources are not"), () => {
  const copy = join(folder, "alone");
  copyFileSync(FH, copy);
  const watch = `exec ${copy} watch --json --source poll --duration 100ms`;
  const script = `mount -t tmpfs none "$1/src" && mount -t tmpfs none "$1/ffi" && ${watch}`;
  const { status, stdout, stderr } = runProgram(
    "unshare",
    ["-m", "sh", "-c", script, "sh", ROOT],
    { cwd: "/", env: withoutTrap() },
  );
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout.split("\n")[0]!).event, "source");
});

test("fh works where it is copied to, for any user", () => {
  const copy = join(folder, "copy");
  copyFileSync(FH, copy);
  const nobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const { status, stdout, stderr } = runProgram(copy, ["tree", "--json", "1"], {
    cwd: "/",
    env: {},
    ...nobody,
  });
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).pid, 1);
});

test("a second build does nothing and says nothing", () => {
  const before = statSync(FH);
  const outcome = runProgram("node", [join(ROOT, "scripts/build.mjs")], { cwd: "/" });
  assert.deepEqual(outcome, { status: 0, stdout: "", stderr: "" });
  assert.equal(statSync(FH).ino, before.ino);
});

test("scripts/start.sh gives fh its arguments and ends with its status", () => {
  const start = join(ROOT, "scripts/start.sh");
  const version = runProgram("sh", [start, "--version"], { cwd: "/" });
  assert.deepEqual(version, runFh(["--version"]));
  const wrong = runProgram("sh", [start, "no such command", "a'b"], { cwd: "/" });
  assert.deepEqual(wrong, runFh(["no such command", "a'b"]));
  assert.equal(wrong.status, 2);
});
