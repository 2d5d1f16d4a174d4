/**
 * What is closed to the user that the gateway has become: they would have a page without answers.
 *
 * @module
 */
import { accessSync, constants } from "node:fs";
import type { Context } from "../../cli/command.ts";
import { socketToAsk } from "../../serve/place.ts";

/**
 * The path of the history, or else of the socket, that this process may not open; null where it
 * may, and where nothing is there (access(2), connect(2): a socket wants the right to write).
 */
export function closedPlace(
  user: Context,
  { db, socket }: { readonly db?: string | undefined; readonly socket?: string | undefined },
): string | null {
  const path = db ?? socketToAsk(user, socket);
  if (path === null) return null;
  try {
    accessSync(path, db === undefined ? constants.W_OK : constants.R_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return path;
  }
  return null;
}
