/**
 * Runs every check and every test on both runtimes, and ends with one line of counts.
 * Arguments are the beginnings of test file names: then only these tests run, on both runtimes;
 * those of the executable, which is to be built, on Bun.
 *
 * @module
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { killSteps, runSteps } from "./lanes.mjs";
import { installPackages } from "./packages.mjs";
import { buildPages } from "./page.mjs";
import { filesBelow } from "./project.mjs";
import { setup } from "./setup.mjs";

/** How many steps run at a time, where they do not mind. */
const LANES = 2;
/** Bun's own limit for one test is five seconds. */
const TEST_LIMIT_MS = 300_000;

/** They start with the executable alone, so one runtime is enough to drive it. */
const EXECUTABLE_TESTS = "test/executable/";
/** Tests that count what happens on the whole host, wait for silence, or are a load themselves. */
const ALONE = /^test\/kernel\/|_alone_test\.ts$/;

const CHECKS = [
  ["build", "node", "scripts/build.mjs"],
  ["types", "deno", "check", "bin", "ffi", "src", "test", "mod.ts"],
  ["publish", "deno", "publish", "--dry-run", "--allow-dirty"],
  ["lint", "deno", "lint"],
  ["format", "deno", "fmt", "--check"],
].map(([name, ...command]) => ({ row: name, name, command: () => command }));

/** Steps by phase: what stands in one runs at the same time, as far as there are lanes. */
function listPhases() {
  const tests = filesBelow("test", "_test.ts");
  const shared = tests.filter((file) => !file.startsWith(EXECUTABLE_TESTS));
  const executable = tests.filter((file) => file.startsWith(EXECUTABLE_TESTS))
    .map((file) => bunStep("executable", [file], `executable: ${basename(file)}`));
  const [free, alone] = bothRuntimes(shared);
  return [
    { lanes: CHECKS.length, steps: CHECKS },
    { lanes: LANES, steps: free },
    // Their recorders see the whole host, and what runs beside them would take of its shares.
    { lanes: 1, steps: [...alone, ...executable] },
  ];
}

function listChosenPhases(beginnings) {
  const chosen = filesBelow("test", "_test.ts").filter((file) =>
    beginnings.some((beginning) => file.startsWith(beginning.replace(/^\.\//, "")))
  );
  const [free, alone] = bothRuntimes(chosen);
  return [{ lanes: LANES, steps: free }, { lanes: 1, steps: alone }];
}

/** Steps of those that may meet others, and of those that may not. */
function bothRuntimes(files) {
  return [
    files.filter((file) => !ALONE.test(file)),
    files.filter((file) => ALONE.test(file)),
  ].map((some) => {
    const onDeno = some.filter((file) => !file.startsWith(EXECUTABLE_TESTS));
    // One runtime is slower: whichever lane is free takes what is left.
    return [
      ...halves(onDeno).map((files) => denoStep("tests on Deno", files)),
      ...halves(some).map((files) => bunStep("tests on Bun", files)),
    ];
  });
}

/** Every other one; nothing that is empty. */
function halves(files) {
  return [0, 1].map((rest) => files.filter((_, index) => index % 2 === rest))
    .filter((some) => some.length > 0);
}

function denoStep(row, files, name = row) {
  const options = ["-A", "--no-check", "--reporter=dot"];
  const command = (report) => ["deno", "test", ...options, `--junit-path=${report}`, ...files];
  return { row, name, files, command };
}

function bunStep(row, files, name = row) {
  const options = ["--dots", `--timeout=${TEST_LIMIT_MS}`, "--reporter=junit"];
  const paths = files.map((file) => `./${file}`);
  const command = (report) => ["bun", "test", ...options, `--reporter-outfile=${report}`, ...paths];
  return { row, name, files, command };
}

function report(results) {
  const skipped = new Set(results.flatMap((result) => result.skipped));
  if (skipped.size > 0) console.log("\nSkipped:");
  for (const name of [...skipped].sort()) console.log(`  ${name}`);
  console.log("");
  const sum = (some, count) => some.reduce((total, result) => total + count(result), 0);
  for (const row of new Set(results.map((result) => result.row))) {
    const own = results.filter((result) => result.row === row);
    const passed = sum(own, (result) => result.passed);
    const failed = sum(own, (result) => result.failed);
    const seconds = sum(own, (result) => result.seconds);
    const verdict = failed > 0 ? `FAILED ${failed}` : "ok";
    const counts = passed > 0 ? `${passed} passed` : "";
    console.log(
      `${row.padEnd(16)}${verdict.padEnd(10)}${seconds.toFixed(1).padStart(7)} s  ${counts}`,
    );
  }
  const failed = sum(results, (result) => result.failed);
  const counts = `${sum(results, (result) => result.passed)} passed, ${failed} failed, `;
  console.log(`${counts}${sum(results, (result) => result.skipped.length)} skipped`);
  return failed === 0 ? 0 : 1;
}

async function main(beginnings) {
  setup();
  buildPages();
  installPackages();
  const folder = mkdtempSync(join(tmpdir(), "fh-test-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  chmodSync(folder, 0o755);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      killSteps();
      remove();
      process.exit(1);
    });
  }
  try {
    const phases = beginnings.length > 0 ? listChosenPhases(beginnings) : listPhases();
    const results = [];
    for (const { steps, lanes } of phases) results.push(...await runSteps(steps, lanes, folder));
    process.exitCode = report(results);
  } finally {
    remove();
  }
}

await main(process.argv.slice(2));
