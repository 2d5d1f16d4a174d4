/**
 * The users of this host.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { Users } from "./passwd.ts";

/** Names and uids as /etc/passwd has them. */
export function openUsers(): Users {
  const read = (): string | null => {
    try {
      return readFileSync("/etc/passwd", "utf8");
    } catch {
      return null; // A container may have none: uids are shown then.
    }
  };
  return new Users(read, () => performance.now());
}
