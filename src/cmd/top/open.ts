/**
 * Where `fh top` has its events from: the connector, or that of a server, or /proc.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Context } from "../../cli/command.ts";
import { socketToAsk } from "../../serve/place.ts";
import { Session, type SessionOptions } from "../../session.ts";
import { openSession, trySession } from "../capture.ts";

/** Opens the session; rejects with CommandError where the host allows no such source. */
export async function openTop(
  context: Context,
  options: SessionOptions,
): Promise<Session> {
  const { source } = options.capture;
  const path = source === "auto" ? socketToAsk(context, undefined) : null;
  if (path !== null && existsSync(path)) {
    const through = await throughSocket(context, path, options);
    if (through !== null) return through;
  }
  return await openSession({ act: "watch", source, start: context.capture }, options);
}

async function throughSocket(
  context: Context,
  path: string,
  options: SessionOptions,
): Promise<Session | null> {
  const capture = { ...options.capture, source: "connector" as const };
  const session = await trySession({ ...options, capture }, context.capture);
  if (session instanceof Session) return session;
  try {
    const { WatchedServer } = await import("../watch/socket.ts");
    const server = await WatchedServer.find(context, path, session.message);
    return await Session.open(options, await server.capture());
  } catch {
    // It is no server that could be watched through: /proc remains.
    return null;
  }
}
