/**
 * The time zone of this process, as tzset(3) understands the variable TZ.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import { openLocalClock } from "../../ffi/local_time.ts";

/** Where local clocks stand. */
export interface TimeZone {
  /** How far they are ahead of UTC at a moment; both in milliseconds. */
  readonly offsetAt: (moment: number) => number;
  /** Set when TZ was not understood, so that UTC is taken: what was seen, as a sentence. */
  readonly trouble: string | null;
}

type Env = Readonly<Record<string, string | undefined>>;

/** What libc takes without TZ. */
const DEFAULT_FILE = "/etc/localtime";
/** Where glibc and musl look for a name; TZDIR comes first. */
const FOLDERS = ["/usr/share/zoneinfo", "/share/zoneinfo", "/etc/zoneinfo"];
/** What a file of a time zone begins with: RFC 8536. */
const MAGIC = "TZif";

/** A rule such as `CET-1CEST,M3.5.0,M10.5.0/3`: tzset(3), POSIX.1-2024 section 8.3. */
const RULE = (() => {
  const name = "(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)";
  const time = String.raw`[+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?`;
  const day = String.raw`(?:J\d{1,3}|\d{1,3}|M(?:0?[1-9]|1[0-2])\.[1-5]\.[0-6])`;
  const change = `,${day}(?:/${time})?`;
  return new RegExp(`^${name}${time}(?:${name}(?:${time})?(?:,|${change}${change})?)?$`);
})();

/** The zone of a process with such an environment; libc has been given the same at its start. */
export function openTimeZone(env: Env): TimeZone {
  const offsetAt = libcUnderstands(env) ? libcOffsets() : null;
  if (offsetAt !== null) return { offsetAt, trouble: null };
  // Where the host has no files of time zones, the runtime's own are better than none.
  const name = env["TZ"]?.replace(/^:/, "") ?? "";
  const ofRuntime = name === "" ? runtimeOffset : namedOffsets(name);
  if (ofRuntime !== null) return { offsetAt: ofRuntime, trouble: null };
  const trouble = `${name} is neither a time zone of this host nor a rule such as CET-1CEST`;
  return { offsetAt: () => 0, trouble };
}

/** Whether there is what libc takes for the zone: what it does not find is UTC for it. */
function libcUnderstands(env: Env): boolean {
  const text = env["TZ"];
  if (text === undefined) return isZoneFile(DEFAULT_FILE);
  const name = text.replace(/^:/, "");
  if (name === "" || RULE.test(name)) return true;
  if (name.startsWith("/")) return isZoneFile(name);
  return [env["TZDIR"] || FOLDERS[0]!, ...FOLDERS].some((folder) => {
    return isZoneFile(`${folder}/${name}`);
  });
}

function isZoneFile(path: string): boolean {
  try {
    const fd = openSync(path, "r");
    try {
      const head = new Uint8Array(MAGIC.length);
      return readSync(fd, head, 0, head.length, 0) === head.length &&
        new TextDecoder().decode(head) === MAGIC;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** Null where libc cannot be called. */
function libcOffsets(): TimeZone["offsetAt"] | null {
  try {
    const clock = openLocalClock();
    return (moment) => {
      const second = Math.floor(moment / 1000);
      if (!Number.isSafeInteger(second)) return 0;
      const wall = clock(second);
      return wall === null ? 0 : wall - second * 1000;
    };
  } catch {
    return null;
  }
}

/** Offsets of a zone that the runtime knows, such as `Europe/Berlin`; null when it does not. */
function namedOffsets(name: string): TimeZone["offsetAt"] | null {
  // Abbreviations are taken by one runtime and not by the other.
  if (!name.includes("/")) return null;
  try {
    const format = new Intl.DateTimeFormat("en", { timeZone: name, timeZoneName: "longOffset" });
    return (moment) => {
      const text = format.format(Math.floor(moment));
      const found = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
      if (found === null) return 0;
      const [hours, minutes, seconds] = found.slice(2).map((digits) => Number(digits ?? 0));
      const ms = ((hours! * 60 + minutes!) * 60 + seconds!) * 1000;
      return found[1] === "-" ? -ms : ms;
    };
  } catch {
    return null;
  }
}

function runtimeOffset(moment: number): number {
  return -Math.round(new Date(moment).getTimezoneOffset() * 60_000);
}
