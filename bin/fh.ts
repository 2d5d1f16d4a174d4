/**
 * The program: streams, environment and signals into src/cli.ts, exit status out.
 *
 * @module
 */
import process from "node:process";
import { runCli } from "../src/cli.ts";
import { writeStandard } from "../ffi/stdio.ts";
import { FdOutput } from "../src/output.ts";

const INTERRUPTED = 128 + 2;

const stop = new AbortController();
let hangup: (() => void) | null = null;

function onSignal(signal: NodeJS.Signals): void {
  if (signal === "SIGHUP" && hangup !== null) {
    hangup();
    return;
  }
  if (signal === "SIGINT" && stop.signal.aborted) process.exit(INTERRUPTED);
  stop.abort(signal);
}

async function main(): Promise<number> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    process.on(signal, onSignal);
  }
  const context = {
    stdout: new FdOutput(1, {
      name: "standard output",
      size: () => process.stdout,
      onClosed: () => stop.abort("SIGPIPE"),
      write: writeStandard,
    }),
    stderr: new FdOutput(2, {
      name: "standard error",
      size: () => process.stderr,
      write: writeStandard,
    }),
    env: process.env,
    signal: stop.signal,
    onHangup: (listener: (() => void) | null) => {
      hangup = listener;
    },
    procRoot: "/proc",
  };
  return await runCli(context, process.argv.slice(2));
}

main().then((status) => process.exit(status));
