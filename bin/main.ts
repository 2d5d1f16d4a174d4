/**
 * The program at work: streams, environment and signals into src/commands.ts, exit status out.
 *
 * @module
 */
import process from "node:process";
import { writeStandard } from "../ffi/stdio.ts";
import { runCli } from "../src/commands.ts";
import { FdOutput } from "../src/term/fd_output.ts";
import { ProgramSignals } from "./signals.ts";

/** Once it is to end, this program waits no longer for who reads nothing. */
const PATIENCE_MS = 3000;

async function main(signals: ProgramSignals): Promise<number> {
  const stdout = new FdOutput(1, {
    name: "standard output",
    size: () => process.stdout,
    onClosed: () => signals.stop("SIGPIPE"),
    write: writeStandard,
  });
  const stderr = new FdOutput(2, {
    name: "standard error",
    size: () => process.stderr,
    write: writeStandard,
  });
  signals.signal.addEventListener("abort", () => {
    // Ctrl-C reaches a pager, too, in which somebody goes on reading.
    if (signals.signal.reason === "SIGINT") return;
    for (const output of [stdout, stderr]) output.hurry(PATIENCE_MS);
  });
  const context = {
    stdout,
    stderr,
    env: process.env,
    signal: signals.signal,
    onSignal: signals.onSignal,
    endBy: signals.endBy,
    procRoot: "/proc",
    euid: process.geteuid!(),
    now: Date.now,
  };
  return await runCli(context, process.argv.slice(2));
}

const signals = new ProgramSignals();
main(signals).then((status) => signals.end(status));
