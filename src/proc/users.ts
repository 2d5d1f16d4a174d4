/**
 * The users of this host.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { findGetent, hasNameServices, openGetent } from "./getent.ts";
import { NameService } from "./name_service.ts";
import { Users } from "./passwd.ts";

/** Names and uids as /etc/passwd has them, and getent(1) where other services are named. */
export function openUsers(): Users {
  const now = () => performance.now();
  return new Users(() => read("/etc/passwd"), now, openServices(now));
}

function openServices(now: () => number): NameService | null {
  if (!hasNameServices(read("/etc/nsswitch.conf") ?? "")) return null;
  const getent = findGetent();
  return getent === null ? null : new NameService(openGetent(getent), now);
}

/** A container may have none: uids are shown then. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
