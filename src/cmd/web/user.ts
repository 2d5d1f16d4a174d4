/**
 * Whom a gateway becomes that root has started.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import type { Context } from "../../cli/command.ts";
import { UsageError } from "../../fault.ts";
import { become } from "../../host/become.ts";
import { findEntry, type PasswdEntry } from "../../proc/passwd_text.ts";

/** Folders of the user who was, not of who is. */
const FOLDERS = ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"];

/** The context of the user as whom the gateway goes on; throws UsageError. */
export async function asUser(context: Context, named: string | undefined): Promise<Context> {
  if (context.euid !== 0) {
    if (named === undefined) return context;
    throw new UsageError("Bad option: --user; only root can become another user");
  }
  const { env } = context;
  const caller = env["SUDO_USER"] ?? env["DOAS_USER"] ?? "root";
  // Root alone says that it stays root.
  const name = named ?? (caller === "root" ? "nobody" : caller);
  const entry = findEntry(readFileSync("/etc/passwd", "utf8"), name);
  if (entry === null) {
    throw new UsageError(`Unknown user: ${name}; give --user a name that /etc/passwd has`);
  }
  if (entry.uid === 0 && named !== undefined) return context;
  await become(entry);
  return { ...context, euid: entry.uid, env: environmentOf(env, entry) };
}

function environmentOf(env: Context["env"], { name, home, uid }: PasswdEntry): Context["env"] {
  const others = Object.entries(env).filter(([key]) => !FOLDERS.includes(key));
  const runtime = `/run/user/${uid}`;
  const own = existsSync(runtime) ? { XDG_RUNTIME_DIR: runtime } : {};
  return { ...Object.fromEntries(others), ...own, HOME: home, USER: name, LOGNAME: name };
}
