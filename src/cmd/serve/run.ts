/**
 * What `fh serve` does: a session whose changes go to a socket.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { ServiceManager } from "../../host/notify.ts";
import { ignoreStraySignals } from "../../host/stray.ts";
import { openThreadClock } from "../../host/thread_clock.ts";
import { CommonShares } from "../../model/common_shares.ts";
import { openUsers } from "../../proc/users.ts";
import { Session } from "../../session.ts";
import { SourceRefused } from "../../source/capture.ts";
import { captureOptions } from "../capture_options.ts";
import { createRedactFrom } from "../../ask/text/redact.ts";
import { SocketServer } from "../socket_server.ts";
import type { ServeOptions } from "./command.ts";

/** Runs the command; the exit status comes back. */
export async function runServe(
  context: Context,
  options: ServeOptions,
): Promise<number> {
  const { signal } = context;
  await ignoreStraySignals();
  const manager = ServiceManager.open(context.env);
  const done = Promise.withResolvers<void>();
  // Whoever waits for it is told; an error may come before.
  done.promise.catch(() => {});
  let server: SocketServer | null = null;
  let scanned = false;
  const shares = CommonShares.of(await openThreadClock());
  const session = await openSession(context, options, {
    time: shares.time,
    onChange: (change) => server?.note(change),
    onThread: (time, process, tid) => server?.noteThread(time, process, tid),
    onScanned: () => {
      scanned = true;
      server?.scanned();
    },
    onBatch: () => server?.flush(),
    onNote: (text) => note(context, options, text),
    onEnd: (error) => error === null ? done.resolve() : done.reject(error),
  });
  const stop = () => done.resolve();
  try {
    server = await SocketServer.open(context, session, {
      ...options,
      redact: options,
      history: null,
      jobs: null,
      shares,
      users: openUsers().live(),
      onFailed: (error) => done.reject(error),
    });
    if (server === null) throw noPlace();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    session.begin();
    if (scanned) server.scanned();
    announce(context, session, server, options);
    void manager.ready(`${session.info.source}, ${server.where}`);
    await done.promise;
  } finally {
    void manager.stopping();
    signal.removeEventListener("abort", stop);
    await session.close();
    await server?.close();
  }
  return EXIT.done;
}

async function openSession(
  context: Context,
  options: ServeOptions,
  told: Omit<Parameters<typeof Session.open>[0], "capture" | "redact">,
): Promise<Session> {
  const { source } = options;
  const capture = captureOptions(context, options);
  try {
    return await Session.open(
      { capture, redact: createRedactFrom(options), ...told },
      context.capture,
    );
  } catch (error) {
    if (!(error instanceof SourceRefused)) throw error;
    const what = `Cannot serve through the ${source}`;
    throw new CommandError(EXIT.failed, `${what}: ${error.message}; ${error.advice}`);
  }
}

function announce(
  { stderr }: Context,
  { info }: Session,
  { where }: SocketServer,
  { quiet }: ServeOptions,
): void {
  if (quiet) return;
  stderr.write(`fh: source ${info.source}: ${info.why}\n`);
  stderr.write(`fh: listening on ${where}\n`);
  void stderr.flush().catch(() => {});
}

function note({ stderr }: Context, { quiet }: ServeOptions, text: string): void {
  if (!quiet) stderr.write(`fh: ${text}\n`);
  void stderr.flush().catch(() => {});
}

function noPlace(): CommandError {
  const what = "Nowhere to listen: XDG_RUNTIME_DIR is not set";
  return new CommandError(EXIT.failed, `${what}; name a socket by --socket PATH or FH_SOCKET`);
}
