/**
 * Runs the steps of the test run, several at a time, each in a temporary folder of its own.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { loadavg } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { readReport } from "./junit.mjs";
import { BIN, ROOT, say } from "./project.mjs";

/** What a hanging step may take before it is killed and counted as failed. */
const STEP_LIMIT_MS = 1_500_000;

/** Programs in C that tests build once for all steps (test/support/programs.ts). */
const PROGRAMS = `fh-programs-${process.getuid?.() ?? 0}`;

/** Process groups of the steps that run. */
const running = new Set();

/**
 * Runs steps, `{ row, name, command(report), files }`, in their order, `lanes` of them at a time.
 * `folder` is where their folders are made. A result has the counts, and the names of the skipped
 * tests.
 */
export async function runSteps(steps, lanes, folder) {
  const waiting = [...steps.entries()];
  const results = [];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await runStep(next[1], folder);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, steps.length) }, lane));
  return results;
}

/** Ends whatever runs, with all that it has started. */
export function killSteps() {
  for (const pid of running) killGroup(pid);
}

async function runStep(step, folder) {
  const place = makePlace(folder);
  const before = cpuTicks();
  const began = performance.now();
  const { status, output, error } = await run(step.command(place.report), place);
  const seconds = (performance.now() - began) / 1000;
  const cases = step.files === undefined ? [] : readCases(step, place.report);
  const count = (result) => cases.filter((one) => one.result === result).length;
  const left = readdirSync(place.temporary).filter((name) => name !== PROGRAMS);
  const failed = count("failed") + left.length;
  console.log(`== ${step.name}  ${seconds.toFixed(1)} s`);
  if (status !== 0 || failed > 0) {
    console.log(output);
    if (error) say(`fh: ${step.name}: ${error}`);
    for (const name of left) say(`fh: ${step.name}: left in the temporary folder: ${name}`);
    say(`fh: ${step.name} failed; ${howBusy(before)}`);
  }
  rmSync(place.folder, { recursive: true, force: true });
  return {
    row: step.row,
    seconds,
    passed: count("passed"),
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: cases.filter((one) => one.result === "skipped").map(({ file, name }) =>
      `${file}: ${name}`
    ),
  };
}

let places = 0;

/** A step's folder: its temporary one, which is to be empty at the end, and what lies beside it. */
function makePlace(root) {
  const folder = join(root, String(places++));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary, { recursive: true });
  // Tests run programs of other users, who look at what is in there.
  chmodSync(folder, 0o755);
  chmodSync(temporary, 0o1777);
  const programs = join(root, PROGRAMS);
  mkdirSync(programs, { recursive: true, mode: 0o755 });
  symlinkSync(programs, join(temporary, PROGRAMS));
  return { folder, temporary, report: join(folder, "report.xml") };
}

/** Runs a command to its end; a process group of its own, so that nothing of it outlives it. */
function run([command, ...args], { folder, temporary }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: environment(folder, temporary),
      detached: true,
    });
    let output = "";
    let error = null;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => output += text);
    }
    child.on("error", (cause) => resolve({ status: null, output, error: cause.message }));
    if (child.pid === undefined) return;
    running.add(child.pid);
    const limit = setTimeout(() => {
      error = `killed after ${STEP_LIMIT_MS / 1000} s`;
      killGroup(child.pid);
    }, STEP_LIMIT_MS);
    child.on("exit", () => {
      clearTimeout(limit);
      running.delete(child.pid);
      // Whoever still runs would hold the pipes open.
      killGroup(child.pid);
    });
    child.on("close", (status) => resolve({ status, output, error }));
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

/** A file without a single test case did not load, which no runner writes into its report. */
function readCases(step, report) {
  let cases = [];
  try {
    cases = readReport(readFileSync(report, "utf8"));
  } catch (error) {
    say(`fh: ${step.name}: no report: ${error.message}`);
  }
  const seen = new Set(cases.map((one) => one.file));
  const silent = step.files.filter((file) => !seen.has(file));
  for (const file of silent) say(`fh: ${step.name}: nothing ran in ${file}`);
  return [...cases, ...silent.map((file) => ({ file, name: "loads", result: "failed" }))];
}

function environment(folder, temporary) {
  const path = [BIN, process.env.PATH ?? ""].join(delimiter);
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  // Recorders of tests leave the socket and the history of this host alone.
  const own = {
    PATH: path,
    TMPDIR: temporary,
    FH_SOCKET: join(folder, "fh.sock"),
    FH_DB: join(folder, "history.db"),
  };
  return { ...process.env, ...plain, ...own, DENO_NO_UPDATE_CHECK: "1" };
}

/** Time of all CPUs so far, in clock ticks: proc_stat(5). */
function cpuTicks() {
  const [, ...fields] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0].split(/ +/);
  const [user, nice, system, idle, wait, irq, softirq, steal] = fields.map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, steal, all: busy + idle + wait };
}

/** What tests that wait or measure may have met. */
function howBusy(before) {
  const now = cpuTicks();
  const share = (name) =>
    Math.round((now[name] - before[name]) * 100 / (now.all - before.all || 1));
  const load = loadavg().map((one) => one.toFixed(1)).join(", ");
  return `meanwhile the CPUs were busy for ${share("busy")} % of the time ` +
    `(${share("steal")} % taken by other machines), load average ${load}`;
}
