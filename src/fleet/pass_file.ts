/**
 * The password file of PostgreSQL's clients (libpq, "The Password File").
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";

/** Whose password is looked for. */
export interface PassFor {
  /** A folder of a socket where it is one. */
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

/** What the default folder of sockets is called there. */
const LOCAL = "localhost";

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
  const hosts = host.startsWith("/") ? [host, LOCAL] : [host];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const [itsHost, itsPort, itsDatabase, itsUser, password] = fieldsOf(line);
    if (password === undefined) continue;
    const fits = [[itsPort, port], [itsDatabase, database], [itsUser, user]]
      .every(([its, one]) => its === "*" || its === one);
    if (fits && (itsHost === "*" || hosts.includes(itsHost!))) return password;
  }
  return null;
}

/** Between colons; a backslash takes one, or itself, for what it is. */
function fieldsOf(line: string): string[] {
  return Array.from(line.matchAll(/((?:\\.|[^:\\])*)(?:$|:)/g), ([, field]) => {
    return field!.replace(/\\(.)/g, "$1");
  });
}
