/**
 * Opens a server: its socket, the thread that owns it, and what answers.
 *
 * @module
 */
import process from "node:process";
import { CLOCK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { inheritedListeners, type Listener, openListener, requirePlace } from "./listen.ts";
import { Server, type ServerHost } from "./server.ts";
import { Signals } from "./signals.ts";
import { ServerThread } from "./thread.ts";

/** Where a server listens. */
export interface Place {
  /** Path of the socket; null where a service manager must hand one over. */
  readonly path: string | null;
  /** Group that may connect, a gid; null for nobody but root and the user of the server. */
  readonly group: number | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the kernel gives a server's program. */
export interface Kernel {
  readonly signals: Signals;
  /** CLOCK_BOOTTIME in nanoseconds, the clock of all events. */
  now(): number;
}

/** A server that listens. */
export interface OpenServer {
  readonly server: Server;
  /** Where, for people; null where there was no place to listen. */
  readonly where: string;
  /** Sends what waits as far as it is taken at once, closes all connections, and ends. */
  close(): Promise<void>;
}

/**
 * Looks at a place where another than a {@linkcode Server} is to listen; see requirePlace().
 *
 * @throws {ListenError}
 */
export async function checkPlace(path: string, suffix: number): Promise<void> {
  requirePlace(await openLibc(), path, suffix);
}

/**
 * Listens, where there is a place to listen; null where there is none.
 *
 * @throws {ListenError} The place cannot be used.
 */
export async function openServer(
  { path, group, env }: Place,
  createHost: (kernel: Kernel) => ServerHost,
  onFailed: (error: Error) => void,
): Promise<OpenServer | null> {
  const libc = await openLibc();
  const inherited = inheritedListeners(libc, env, process.pid);
  if (inherited.length === 0 && path === null) return null;
  const own: Listener | null = inherited.length > 0 ? null : openListener(libc, path!, group);
  let server: Server | null = null;
  try {
    const host = createHost({
      signals: new Signals(libc),
      now: () => libc.clockGettime(CLOCK.BOOTTIME),
    });
    const { euid, source } = host.identity;
    const thread = await ServerThread.start({
      listeners: own === null ? inherited : [own.fd],
      source,
      euid,
    }, {
      onConnect: (peer) => server!.connected(peer),
      onRequest: (client, line) => server!.requested(client, line),
      onDisconnect: (client) => server!.disconnected(client),
      onDied: (tag) => server!.died(tag),
      onFailed,
    });
    server = new Server(host, thread);
    const opened = server;
    return {
      server,
      where: own?.path ?? "the socket of the service manager",
      async close() {
        opened.close();
        await thread.close();
        own?.remove();
      },
    };
  } catch (error) {
    own?.remove();
    throw error;
  }
}
