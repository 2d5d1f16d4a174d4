/**
 * Where the history is kept.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Whose history is meant. */
export interface Owner {
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id. */
  readonly euid: number;
}

const FOLDER_OF_ROOT = "/var/lib/fh";
const OF_ROOT = `${FOLDER_OF_ROOT}/history.db`;

/** Where a history is, or would be. */
export interface HistoryPlace {
  readonly path: string;
  /** Root seems to keep one, which this user may not see. */
  readonly isOfRoot: boolean;
}

/** The file that a recorder of this user writes: FH_DB, `/var/lib/fh` for root, XDG_STATE_HOME. */
export function defaultHistory({ env, euid }: Owner): string {
  const { FH_DB: named } = env;
  if (named) return named;
  if (euid === 0) return OF_ROOT;
  const state = env["XDG_STATE_HOME"];
  // The XDG specification has relative paths ignored.
  if (state?.startsWith("/")) return join(state, "fh", "history.db");
  return join(env["HOME"] || "/", ".local", "state", "fh", "history.db");
}

/** The file to ask: the one that was named, one's own, or the host's where that may be read. */
export function historyToAsk(
  owner: Owner,
  db: string | undefined,
  exists: (path: string) => boolean = existsSync,
): string {
  if (db !== undefined) return db;
  const own = defaultHistory(owner);
  return owner.env["FH_DB"] || exists(own) || !exists(OF_ROOT) ? own : OF_ROOT;
}

/** The place of {@linkcode historyToAsk} where none was named. */
export function placeToAsk(
  owner: Owner,
  exists: (path: string) => boolean = existsSync,
): HistoryPlace {
  const path = historyToAsk(owner, undefined, exists);
  const isOther = owner.euid !== 0 && !owner.env["FH_DB"] && path !== OF_ROOT;
  return { path, isOfRoot: isOther && exists(FOLDER_OF_ROOT) };
}
