import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { random } from "../support/random.ts";
import { FH_SOURCE } from "../support/running.ts";

const PROGRAM = fileURLToPath(new URL("../support/local_times.ts", import.meta.url));
const ZONES = "/usr/share/zoneinfo";
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Names of files; those that this host does not have are left out. */
const NAMES = [
  "Europe/Berlin",
  "America/St_Johns",
  "America/Nuuk",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Pacific/Apia",
  "Etc/GMT+5",
  "EST5EDT",
  "UTC",
  "posix/Asia/Tokyo",
  "right/Asia/Tokyo",
];

/** Rules: tzset(3), POSIX.1-2024 section 8.3, RFC 8536 section 3.3.1. */
const RULES = [
  "UTC0",
  "JST-9",
  "EST5",
  "CET-1CEST",
  "CET-1CEST,M3.5.0,M10.5.0/3",
  ":CET-1CEST,M3.5.0,M10.5.0/3",
  "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/3:00",
  "NZST-12NZDT,M9.5.0,M4.1.0/3",
  "EST5EDT,M3.2.0,M11.1.0",
  "<+05>-5",
  "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
  "IST-2IDT,M3.4.4/26,M10.5.0",
  "ABC3:30",
  "ABC+3:30:15",
  "ABC-12:45DEF,J60,J300",
  "ABC5DEF4:30,59/1,299/25",
];

const FORMS = [
  ...NAMES.filter((name) => existsSync(join(ZONES, name))),
  ":Europe/Berlin",
  ...RULES,
  "",
  ":",
  "/etc/localtime",
  ":/etc/localtime",
  `${ZONES}/Europe/Berlin`,
  `:${ZONES}/America/New_York`,
];

/** Times of two years, those around all changes of one, and some from 1970 to 2100. */
function moments(): number[] {
  const seed = 71;
  const next = random(seed);
  const first = Date.UTC(2025, 0, 1) / 1000;
  const hours = Array.from({ length: 2 * 365 }, (_, i) => first + i * 25 * HOUR + 1);
  // Clocks change on the hour or half of it: a look on either side of each, where they do.
  const changes = [[2026, 2, 8], [2026, 2, 28], [2026, 3, 4], [2026, 8, 26], [2026, 9, 3]]
    .concat([[2026, 9, 24], [2026, 10, 1]])
    .flatMap(([year, month, day]) => {
      const start = Date.UTC(year!, month!, day!) / 1000;
      return Array.from({ length: 2 * 48 * 2 }, (_, i) => start + (i >> 1) * HOUR / 2 - (i & 1));
    });
  const others = Array.from({ length: 500 }, () => Math.floor(next() * 130 * 365.25 * DAY));
  return [...hours, ...changes, ...others];
}

const MOMENTS = moments();

function run(command: readonly string[], env: Record<string, string | undefined>, input: string) {
  const [file = "", ...args] = command;
  const done = spawnSync(file, args, { encoding: "utf8", env, input, timeout: 60_000 });
  if (done.error !== undefined) throw done.error;
  return done;
}

function environment(zone: Record<string, string>): Record<string, string> {
  const { TZ: _, TZDIR: __, ...rest } = process.env as Record<string, string>;
  return { ...rest, ...zone };
}

/** What fh's local times are in such an environment, and what it says on standard error. */
function ofFh(zone: Record<string, string>, seconds: readonly number[]) {
  const env = environment(zone);
  const program = [...FH_SOURCE.slice(0, -1), PROGRAM];
  const { status, stdout, stderr } = run(program, env, seconds.join("\n"));
  assert.equal(status, 0, stderr);
  const rows = stdout.trimEnd().split("\n").map((line) => {
    const cut = line.lastIndexOf(" ");
    return { text: line.slice(0, cut), meant: Number(line.slice(cut + 1)) };
  });
  return { rows, stderr };
}

function ofDate(zone: Record<string, string>, seconds: readonly number[]): string[] {
  const input = seconds.map((second) => `@${second}`).join("\n");
  const { status, stdout, stderr } = run(["date", "-f", "-", "+%F %T"], environment(zone), input);
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split("\n");
}

function checkZone(zone: Record<string, string>): void {
  const { rows, stderr } = ofFh(zone, MOMENTS);
  const name = JSON.stringify(zone);
  assert.equal(stderr, "", `TZ is understood: ${name}`);
  assert.deepEqual(rows.map(({ text }) => text), ofDate(zone, MOMENTS), name);
  // Of two equal local times the first is meant.
  const others = rows.filter(({ meant }, i) => meant !== MOMENTS[i]);
  assert.ok(rows.every(({ meant }, i) => meant <= MOMENTS[i]!), name);
  if (others.length === 0) return;
  const shown = ofDate(zone, others.map(({ meant }) => meant));
  assert.deepEqual(shown, others.map(({ text }) => text), name);
}

test("local times are those of date(1), whatever the form of TZ", () => {
  for (const TZ of FORMS) checkZone({ TZ });
  checkZone({});
  checkZone({ TZ: "Berlin", TZDIR: `${ZONES}/Europe` });
});

test("a zone that is not understood is said once, and is UTC", () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-zone-"));
  try {
    const file = join(folder, "zone");
    writeFileSync(file, "no time zone");
    for (const TZ of ["Nowhere/City", "JST", "CET-1CEST,M3.5.0", "UTC+", "J9\n", file, folder]) {
      const { rows, stderr } = ofFh({ TZ }, [0, 1_782_345_600]);
      assert.equal(
        stderr,
        `Cannot understand TZ: ${TZ} is neither a time zone of this host nor a rule such ` +
          "as CET-1CEST; times are in UTC",
      );
      assert.deepEqual(rows, [
        { text: "1970-01-01 00:00:00", meant: 0 },
        { text: "2026-06-25 00:00:00", meant: 1_782_345_600 },
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("where the host has no files of time zones, the runtime's own are taken", () => {
  const { rows, stderr } = ofFh({ TZ: "america/st_johns" }, [0, 1_782_345_600]);
  const texts = rows.map(({ text }) => text);
  assert.deepEqual([texts, stderr], [["1969-12-31 20:30:00", "2026-06-24 21:30:00"], ""]);
});

test("fh says in the zone of a rule what it is asked about, and none lies in the future", () => {
  const [file = "", ...args] = FH_SOURCE;
  const ask = (TZ: string, since: string) => {
    const env = { ...environment({ TZ }), FH_DB: "/nonexistent/history.db" };
    return run([file, ...args, "log", "--since", since], env, "").stderr;
  };
  // The time of day there, a second ago: in UTC it lies nine hours ahead.
  const [now = ""] = ofDate({ TZ: "JST-9" }, [Math.floor(Date.now() / 1000) - 1]);
  assert.doesNotMatch(ask("JST-9", now), /future/);
});
