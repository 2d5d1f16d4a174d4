/**
 * Runs every check and every test on both runtimes, and ends with one line of counts.
 * Arguments are the beginnings of test file names: then only these tests run, on both runtimes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { readReport } from "./junit.mjs";
import { installPackages } from "./packages.mjs";
import { BIN, filesBelow, ROOT, say } from "./project.mjs";
import { setup } from "./setup.mjs";

/** Where recorders of a step listen that are not told where. */
const socketOf = (step) =>
  join(tmpdir(), `fh-${process.pid}-${step.name.replaceAll(" ", "-")}.sock`);
/** What a hanging step may take before it is killed and counted as failed. */
const STEP_LIMIT_MS = 1_500_000;
/** Bun's own limit for one test is five seconds. */
const TEST_LIMIT_MS = 300_000;

/** Starts with the executable alone, so it needs one runtime to drive it. */
const EXECUTABLE_TESTS = "test/executable/";

const BUN_TEST = ["test", "--dots", `--timeout=${TEST_LIMIT_MS}`, "--reporter=junit"];
const DENO_TEST = ["test", "-A", "--no-check", "--reporter=dot"];

/**
 * Everything: lanes that run at the same time, one group of lanes after the other. Most of a test
 * is waiting, but those of the executable count what the whole host does.
 */
function listSteps(reports) {
  const tests = filesBelow("test", "_test.ts");
  const shared = tests.filter((file) => !file.startsWith(EXECUTABLE_TESTS));
  const executable = tests.filter((file) => file.startsWith(EXECUTABLE_TESTS));
  const checks = [
    { name: "format", command: ["deno", "fmt", "--check"] },
    { name: "lint", command: ["deno", "lint"] },
    { name: "types", command: ["deno", "check", "bin", "ffi", "src", "test", "mod.ts"] },
    { name: "publish", command: ["deno", "publish", "--dry-run", "--allow-dirty"] },
    { name: "build", command: ["node", "scripts/build.mjs"] },
  ];
  return [
    [
      [denoStep("tests on Deno", shared, join(reports, "deno.xml"))],
      [...checks, bunStep("tests on Bun", shared, join(reports, "bun.xml"))],
    ],
    [[bunStep("executable", executable, join(reports, "executable.xml"))]],
  ];
}

function listChosenSteps(reports, beginnings) {
  const chosen = filesBelow("test", "_test.ts").filter((file) =>
    beginnings.some((beginning) => file.startsWith(beginning.replace(/^\.\//, "")))
  );
  return [
    [[denoStep("tests on Deno", chosen, join(reports, "deno.xml"))]],
    [[bunStep("tests on Bun", chosen, join(reports, "bun.xml"))]],
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
async function runStep(step, reports) {
  const began = performance.now();
  const path = join(reports, `${step.name}.txt`);
  const output = openSync(path, "w");
  const [command, ...args] = step.command;
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ["ignore", output, output],
    env: environment(step),
    timeout: STEP_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  closeSync(output);
  const [status, signal] = await once(child, "close").catch((error) => [error.message, null]);
  // Whole: others write at the same time.
  console.log(`\n== ${step.name}\n${readFileSync(path, "utf8")}`);
  if (status !== 0) say(`fh: ${step.name}: ended with ${signal ?? status}`);
  const cases = step.report === undefined ? [] : readCases(step);
  const count = (result) => cases.filter((one) => one.result === result).length;
  const failed = count("failed");
  rmSync(socketOf(step), { force: true });
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

async function runLane(steps, reports) {
  const results = [];
  for (const step of steps) results.push(await runStep(step, reports));
  return results;
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

function environment(step) {
  const path = [BIN, process.env.PATH ?? ""].join(delimiter);
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  // Recorders of tests leave the socket of this host alone.
  const own = { PATH: path, FH_SOCKET: socketOf(step) };
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

async function main(beginnings) {
  setup();
  installPackages();
  const reports = mkdtempSync(join(tmpdir(), "fh-test-"));
  try {
    const groups = beginnings.length > 0
      ? listChosenSteps(reports, beginnings)
      : listSteps(reports);
    const results = [];
    for (const lanes of groups) {
      const ran = await Promise.all(lanes.map((steps) => runLane(steps, reports)));
      results.push(...ran.flat());
    }
    process.exitCode = report(results);
  } finally {
    rmSync(reports, { recursive: true });
  }
}

await main(process.argv.slice(2));
