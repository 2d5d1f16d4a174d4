/**
 * The crontabs of this host, those that may be read.
 *
 * @module
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
} from "node:fs";
import { join } from "node:path";

const { O_NONBLOCK, O_RDONLY } = constants;
/** A crontab that is longer is none. */
const BYTES_MAX = 1 << 20;

/** What editors and package managers leave behind: cronie's src/misc.c, cron's database.c. */
const LEFT_BEHIND = /^[.#]|~$|\.(?:rpm(?:save|orig|new)|dpkg-\w+|cfsaved|swp|bak)$|^tmp\./;

/** One of them. */
export interface CrontabFile {
  readonly path: string;
  readonly text: string;
  readonly form: "system" | "user" | "anacron";
  /** Whose it is by the name of its file; null where it names users itself. */
  readonly user: string | null;
}

/** cron(8) of Debian, and cronie's: where crontabs are, and of which form. */
const PLACES: readonly (readonly [path: string, form: CrontabFile["form"], isFolder: boolean])[] = [
  ["etc/crontab", "system", false],
  ["etc/cron.d", "system", true],
  ["etc/anacrontab", "anacron", false],
  ["var/spool/cron/crontabs", "user", true],
  ["var/spool/cron", "user", true],
  ["etc/crontabs", "user", true],
];

/** All that can be read below `root`. */
export function readCrontabs(root = "/"): CrontabFile[] {
  // Of packages Debian's cron takes names as run-parts does; others take those with a dot, too.
  const isDebian = existsSync(join(root, "etc/debian_version"));
  const isPackage = (name: string) => {
    return isDebian ? /^[\w-]+$/.test(name) : !LEFT_BEHIND.test(name);
  };
  // A user's name may have a dot, and what crontab(1) is writing begins with tmp.
  const isUser = (name: string) => !/^(?:[.#]|tmp\.)|~$/.test(name);
  return PLACES.flatMap(([place, form, isFolder]) => {
    const isTaken = form === "system" ? isPackage : isUser;
    const names = isFolder ? namesIn(join(root, place)).filter(isTaken) : [""];
    return names.flatMap((name): CrontabFile[] => {
      const path = join(root, place, name);
      const text = readSmall(path);
      return text === null ? [] : [{ path, text, form, user: userOf(form, name) }];
    });
  });
}

function userOf(form: CrontabFile["form"], name: string): string | null {
  return form === "system" ? null : form === "anacron" ? "root" : name;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The text of a regular file; null where there is none, or none that may be read. */
function readSmall(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(fd).isFile()) return null;
    const bytes = new Uint8Array(BYTES_MAX + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return length > BYTES_MAX ? null : new TextDecoder().decode(bytes.subarray(0, length));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
