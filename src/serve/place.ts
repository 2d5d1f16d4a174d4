/**
 * Where the socket of a server is.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const OF_ROOT = "/run/fh/fh.sock";

/** Whose server is meant. */
export interface Owner {
  /** Environment variables by name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id. */
  readonly euid: number;
}

/**
 * Where a server of this user listens: FH_SOCKET, `/run/fh` for root, XDG_RUNTIME_DIR; null where
 * there is no such folder.
 */
export function defaultSocket({ env, euid }: Owner): string | null {
  const { FH_SOCKET: named } = env;
  if (named) return named;
  if (euid === 0) return OF_ROOT;
  const runtime = env["XDG_RUNTIME_DIR"];
  // The XDG specification has relative paths ignored.
  return runtime?.startsWith("/") ? join(runtime, "fh.sock") : null;
}

/** The socket to ask: the one that was named, one's own where it is, else the host's. */
export function socketToAsk(
  owner: Owner,
  named?: string,
  exists: (path: string) => boolean = existsSync,
): string | null {
  if (named !== undefined) return named;
  const own = defaultSocket(owner);
  if (own !== null && (owner.env["FH_SOCKET"] || exists(own))) return own;
  return exists(OF_ROOT) ? OF_ROOT : own;
}
