/**
 * Runs every check and every test on both runtimes, and ends with one line of counts.
 * Arguments are the beginnings of test file names: then only these tests run, on both runtimes.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { readReport } from "./junit.mjs";
import { installPackages } from "./packages.mjs";
import { BIN, filesBelow, ROOT, say } from "./project.mjs";
import { setup } from "./setup.mjs";

/** What a hanging step may take before it is killed and counted as failed. */
const STEP_LIMIT_MS = 1_500_000;
/** Bun's own limit for one test is five seconds. */
const TEST_LIMIT_MS = 300_000;

/** Programs in C that tests build once for all steps (test/support/programs.ts). */
const PROGRAMS = /^fh-programs-\d+$/;

/** Starts with the executable alone, so it needs one runtime to drive it. */
const EXECUTABLE_TESTS = "test/executable/";

const BUN_TEST = ["test", "--dots", `--timeout=${TEST_LIMIT_MS}`, "--reporter=junit"];
const DENO_TEST = ["test", "-A", "--no-check", "--reporter=dot"];

/** Everything, in the order in which a mistake is cheapest to find. */
function listSteps(reports) {
  const tests = filesBelow("test", "_test.ts");
  const shared = tests.filter((file) => !file.startsWith(EXECUTABLE_TESTS));
  const executable = tests.filter((file) => file.startsWith(EXECUTABLE_TESTS));
  return [
    { name: "format", command: ["deno", "fmt", "--check"] },
    { name: "lint", command: ["deno", "lint"] },
    { name: "types", command: ["deno", "check", "bin", "ffi", "src", "test", "mod.ts"] },
    { name: "publish", command: ["deno", "publish", "--dry-run", "--allow-dirty"] },
    { name: "build", command: ["node", "scripts/build.mjs"] },
    denoStep("tests on Deno", shared, join(reports, "deno.xml")),
    bunStep("tests on Bun", shared, join(reports, "bun.xml")),
    bunStep("executable", executable, join(reports, "executable.xml")),
  ];
}

function listChosenSteps(reports, beginnings) {
  const chosen = filesBelow("test", "_test.ts").filter((file) =>
    beginnings.some((beginning) => file.startsWith(beginning.replace(/^\.\//, "")))
  );
  return [
    denoStep("tests on Deno", chosen, join(reports, "deno.xml")),
    bunStep("tests on Bun", chosen, join(reports, "bun.xml")),
  ];
}

/** Both runners take one file after the other: tests that count forks must not meet others. */
function denoStep(name, files, report) {
  return {
    name,
    files,
    report,
    command: ["deno", ...DENO_TEST, `--junit-path=${report}`, ...files],
  };
}

function bunStep(name, files, report) {
  const paths = files.map((file) => `./${file}`);
  return {
    name,
    files,
    report,
    command: ["bun", ...BUN_TEST, `--reporter-outfile=${report}`, ...paths],
  };
}

/** Runs one step; its result has the counts and the names of the skipped tests. */
function runStep(step, temporary) {
  console.log(`\n== ${step.name}`);
  const [command, ...args] = step.command;
  const began = performance.now();
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: environment(temporary),
    timeout: STEP_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  if (error) say(`fh: ${step.name}: ${error.message}`);
  const cases = step.report === undefined ? [] : readCases(step);
  const count = (result) => cases.filter((one) => one.result === result).length;
  const left = clear(temporary);
  for (const name of left) say(`fh: ${step.name}: left in the temporary folder: ${name}`);
  const failed = count("failed") + left.length;
  return {
    name: step.name,
    seconds: (performance.now() - began) / 1000,
    passed: count("passed"),
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: cases.filter((one) => one.result === "skipped").map(({ file, name }) =>
      `${file}: ${name}`
    ),
  };
}

/** Tests leave nothing behind: empties the folder, and gives the names of what it has found. */
function clear(temporary) {
  const left = readdirSync(temporary).filter((name) => !PROGRAMS.test(name));
  for (const name of left) rmSync(join(temporary, name), { recursive: true, force: true });
  return left;
}

/** A file without a single test case did not load, which no runner writes into its report. */
function readCases(step) {
  let cases = [];
  try {
    cases = readReport(readFileSync(step.report, "utf8"));
  } catch (error) {
    say(`fh: ${step.name}: no report: ${error.message}`);
  }
  const seen = new Set(cases.map((one) => one.file));
  const silent = step.files.filter((file) => !seen.has(file));
  for (const file of silent) say(`fh: ${step.name}: nothing ran in ${file}`);
  return [...cases, ...silent.map((file) => ({ file, name: "loads", result: "failed" }))];
}

function environment(temporary) {
  const path = [BIN, process.env.PATH ?? ""].join(delimiter);
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  // Recorders of tests leave the socket of this host alone.
  const own = { PATH: path, FH_SOCKET: join(temporary, "..", "fh.sock"), TMPDIR: temporary };
  return { ...process.env, ...plain, ...own, DENO_NO_UPDATE_CHECK: "1" };
}

function report(results) {
  const skipped = new Set(results.flatMap((result) => result.skipped));
  if (skipped.size > 0) console.log("\nSkipped:");
  for (const name of [...skipped].sort()) console.log(`  ${name}`);
  console.log("");
  for (const { name, seconds, passed, failed } of results) {
    const counts = passed > 0 ? `${passed} passed` : "";
    const verdict = failed > 0 ? `FAILED ${failed}` : "ok";
    console.log(
      `${name.padEnd(16)}${verdict.padEnd(10)}${seconds.toFixed(1).padStart(7)} s  ${counts}`,
    );
  }
  const total = (count) => results.reduce((sum, result) => sum + count(result), 0);
  const failed = total((result) => result.failed);
  const counts = `${total((result) => result.passed)} passed, ${failed} failed, `;
  console.log(`${counts}${total((result) => result.skipped.length)} skipped`);
  return failed === 0 ? 0 : 1;
}

function main(beginnings) {
  setup();
  installPackages();
  const folder = mkdtempSync(join(tmpdir(), "fh-test-"));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  // Tests run programs of other users, who look at what is in there.
  chmodSync(folder, 0o755);
  chmodSync(temporary, 0o1777);
  try {
    const steps = beginnings.length > 0 ? listChosenSteps(folder, beginnings) : listSteps(folder);
    process.exitCode = report(steps.map((step) => runStep(step, temporary)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

main(process.argv.slice(2));
