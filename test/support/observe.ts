/**
 * Watches the real kernel while something happens.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openLibc } from "../../ffi/mod.ts";
import {
  type ExitEvent,
  type GapEvent,
  type ProcessEvent,
  watch,
  type WatchEvent,
  type WatchSettings,
} from "../../src/library.ts";
import { SourceRefused } from "../../src/source/capture.ts";
import { listen, ownNamespace } from "../../src/source/listen.ts";
import { encodeMcastOp, PROC_CN_MCAST } from "../../src/wire/proc_event.ts";

/** Why the proc connector cannot be tried here; null when it can. */
export const connectorMissing: string | null = await tryConnector();

async function tryConnector(): Promise<string | null> {
  const libc = await openLibc();
  try {
    const { truth, doorbell } = listen(libc, (name) => ownNamespace(libc, "/proc", name));
    libc.send(truth, encodeMcastOp(PROC_CN_MCAST.IGNORE, 0), 0);
    for (const fd of [truth, doorbell]) libc.close(fd);
    return null;
  } catch (error) {
    if (error instanceof SourceRefused) return error.message;
    throw error;
  }
}

/** A watch that does not see its end by then never will. */
const WAIT_MS = 60_000;

/** Events about processes. */
export type TaskEvent = ProcessEvent | ExitEvent;

/** What was seen. */
export interface Observation {
  readonly events: readonly WatchEvent[];
  /** What `action` gave. */
  readonly output: string;
}

/** Runs a command; its standard output. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
  await once(child, "close");
  return output;
}

/**
 * Watches while `action` runs, and until a last process, started after it, has been seen to end:
 * everything that happened before has been told by then.
 */
export async function observe(
  settings: WatchSettings,
  action: () => Promise<string>,
): Promise<Observation> {
  const mark = `fh-test-end-${Math.random().toString(36).slice(2)}`;
  const events: WatchEvent[] = [];
  const end = new AbortController();
  const late = AbortSignal.timeout(WAIT_MS);
  const stream = watch({ ...settings, signal: AbortSignal.any([end.signal, late]) });
  events.push((await stream.next()).value as WatchEvent);
  let output = "";
  const acting = (async () => {
    // The first look is over when something that happens is told.
    output = await action();
    await run("sh", ["-c", `sleep 0.05; exit 0 # ${mark}`]);
  })();
  for await (const event of stream) {
    events.push(event);
    if (event.event === "exit" && event.argv?.some((word) => word.includes(mark))) end.abort();
  }
  await acting;
  if (!end.signal.aborted) throw new Error(`The last process was not seen to end in ${WAIT_MS} ms`);
  return { events, output };
}

/** The events of one process. */
export function eventsOf({ events }: Observation, pid: number): TaskEvent[] {
  return events.filter((event): event is TaskEvent => "pid" in event && event.pid === pid);
}

/** All gaps that were told. */
export function gapsOf({ events }: Observation): GapEvent[] {
  return events.filter((event): event is GapEvent => event.event === "gap");
}

/** The words KEY=VALUE of each line that a case printed. */
export function truthOf({ output }: Observation): Record<string, string>[] {
  return output.trim().split("\n").map((line) =>
    Object.fromEntries(
      line.split(" ").map((word) => {
        const at = word.indexOf("=");
        return [word.slice(0, at), word.slice(at + 1)];
      }),
    )
  );
}
