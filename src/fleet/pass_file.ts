/**
 * The password file of PostgreSQL's clients (libpq, "The Password File").
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";

/** Whose password is looked for. */
export interface PassFor {
  /** A folder of sockets where it is one; `localhost` where that is the default one. */
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

/**
 * The password in a file; null where it has none for that, or can be read by others, which its
 * client tells.
 */
export function passwordFrom(path: string, whose: PassFor): string | null {
  try {
    const { mode } = statSync(path);
    return (mode & 0o077) === 0 ? passwordIn(readFileSync(path, "utf8"), whose) : null;
  } catch {
    // As for every client: who has no such file needs none, or is told by the server.
    return null;
  }
}

/** The first line that fits: host:port:database:user:password, with `*` for any. */
export function passwordIn(text: string, { host, port, database, user }: PassFor): string | null {
  const wanted = [host, port, database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    const password = fields[wanted.length];
    if (password === undefined) continue;
    if (wanted.every((one, at) => fields[at] === "*" || fields[at] === one)) return password;
  }
  return null;
}

/** Between colons; a backslash takes one, or itself, for what it is, and stays at the end. */
function fieldsOf(line: string): string[] {
  return Array.from(line.matchAll(/((?:\\.|[^:\\]|\\$)*)(?:$|:)/g), ([, field]) => {
    return field!.replace(/\\(.)/g, "$1");
  });
}
