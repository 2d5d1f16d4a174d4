import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { parseMoment } from "../../../src/ask/text/moments.ts";
import { EXIT, UsageError } from "../../../src/fault.ts";
import { random } from "../../support/random.ts";
import { randomText } from "../../support/random_text.ts";

const HELP = 'give one such as 14:30, "yesterday 14:30", "10m ago", ' +
  "2026-11-24, 2026-11-24T14:30:00Z or seconds since the epoch";
const NOW = "2026-11-24T16:59:57.250Z";

/** Does `body` with local time as `zone` has it. */
function inZone(zone: string, body: () => void): void {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    body();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

/** Local time as this runtime has it: TZ may be set anew as often as one likes. */
function offsetAt(moment: number): number {
  return -Math.round(new Date(moment).getTimezoneOffset() * 60_000);
}

/** What `text` means at `now`, as UTC with milliseconds. */
function meant(text: string, now: string): string {
  return new Date(parseMoment(text, Date.parse(now), { offsetAt })).toISOString();
}

/** Checks rows of text and moment in a zone at a moment. */
function checkRows(zone: string, now: string, rows: readonly [string, string][]): void {
  inZone(zone, () => {
    for (const [text, moment] of rows) {
      const full = moment.includes(".") ? moment : moment.replace("Z", ".000Z");
      assert.equal(meant(text, now), full, `${text} in ${zone} at ${now}`);
    }
  });
}

/** The one line that is said about `text`. */
function complaint(text: string, now = NOW): string {
  try {
    parseMoment(text, Date.parse(now));
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.status, EXIT.usage);
    return error.message;
  }
  throw new assert.AssertionError({ message: `${JSON.stringify(text)} was taken` });
}

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
];

test("parseMoment() takes RFC 3339 with an offset, the same everywhere", () => {
  for (const zone of ZONES) {
    checkRows(zone, NOW, [
      ["2026-11-24T16:59:57Z", "2026-11-24T16:59:57Z"],
      ["2026-11-24t16:59:57z", "2026-11-24T16:59:57Z"],
      ["2026-11-24 16:59:57Z", "2026-11-24T16:59:57Z"],
      ["2026-11-24T16:59Z", "2026-11-24T16:59:00Z"],
      ["2026-11-24T17:59:57+01:00", "2026-11-24T16:59:57Z"],
      ["2026-11-24 17:59:57+0100", "2026-11-24T16:59:57Z"],
      ["2026-11-24T11:29:57-05:30", "2026-11-24T16:59:57Z"],
      ["2026-11-24T16:59:57-00:00", "2026-11-24T16:59:57Z"],
      ["2026-11-24T16:59:57.123Z", "2026-11-24T16:59:57.123Z"],
      ["2026-11-24T16:59:57.1239Z", "2026-11-24T16:59:57.123Z"],
      ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
      ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"],
      ["0099-12-31T23:59:59Z", "0099-12-31T23:59:59Z"],
    ]);
  }
});

test("parseMoment() takes times finer than a millisecond, and epoch seconds", () => {
  const at = (text: string) => parseMoment(text, Date.parse(NOW));
  const whole = Date.parse("2026-11-24T16:59:57Z");
  assert.ok(Math.abs(at("2026-11-24T16:59:57.123456789Z") - whole - 123.456789) < 0.000_25);
  assert.equal(at("1764000000"), 1_764_000_000_000);
  assert.equal(at("1764000000.5"), 1_764_000_000_500);
  assert.ok(Math.abs(at("1764000000.000001") - 1_764_000_000_000.001) < 0.000_25);
  assert.equal(at("100000000"), 100_000_000_000);
  for (const text of ["12345678", "123456789012", "1764000000.", "1764000000s"]) complaint(text);
});

test("parseMoment() takes local times", () => {
  checkRows("Europe/Berlin", NOW, [
    ["2026-11-24T16:59:57", "2026-11-24T15:59:57Z"],
    ["2026-11-24 16:59", "2026-11-24T15:59:00Z"],
    ["2026-07-24 16:59:57.25", "2026-07-24T14:59:57.250Z"],
    ["2026-11-24", "2026-11-23T23:00:00Z"],
    ["today", "2026-11-23T23:00:00Z"],
    ["yesterday", "2026-11-22T23:00:00Z"],
    ["yesterday 18:30", "2026-11-23T17:30:00Z"],
    ["yesterday 18:30:05", "2026-11-23T17:30:05Z"],
    ["yesterday 00:00", "2026-11-22T23:00:00Z"],
    ["now", NOW],
  ]);
  // The local day is not UTC's.
  checkRows("Pacific/Kiritimati", NOW, [
    ["today", "2026-11-24T10:00:00Z"],
    ["yesterday", "2026-11-23T10:00:00Z"],
    ["2026-11-25", "2026-11-24T10:00:00Z"],
  ]);
  checkRows("Pacific/Pago_Pago", "2026-11-24T04:00:00Z", [
    ["today", "2026-11-23T11:00:00Z"],
    ["yesterday 23:00", "2026-11-23T10:00:00Z"],
  ]);
});

test("parseMoment() takes HH:MM for the latest that has come", () => {
  checkRows("Europe/Berlin", NOW, [
    ["17:59:57", "2026-11-24T16:59:57Z"],
    ["17:59:57.25", NOW],
    ["17:59:57.251", "2026-11-23T16:59:57.251Z"],
    ["17:59", "2026-11-24T16:59:00Z"],
    ["9:05", "2026-11-24T08:05:00Z"],
    ["00:00", "2026-11-23T23:00:00Z"],
    ["18:00", "2026-11-23T17:00:00Z"],
    ["23:59:59", "2026-11-23T22:59:59Z"],
  ]);
  checkRows("UTC", "2026-03-01T00:00:00Z", [
    ["00:00", "2026-03-01T00:00:00Z"],
    ["00:01", "2026-02-28T00:01:00Z"],
  ]);
});

test("parseMoment() takes a time that the clocks skip for the moment of the skip", () => {
  // 02:00 becomes 03:00 at 01:00Z.
  checkRows("Europe/Berlin", "2026-03-29T12:00:00Z", [
    ["2026-03-29 01:59:59", "2026-03-29T00:59:59Z"],
    ["2026-03-29 02:00", "2026-03-29T01:00:00Z"],
    ["2026-03-29 02:30", "2026-03-29T01:00:00Z"],
    ["2026-03-29 02:30:00.5", "2026-03-29T01:00:00Z"],
    ["2026-03-29 03:00", "2026-03-29T01:00:00Z"],
    ["02:30", "2026-03-29T01:00:00Z"],
    ["today", "2026-03-28T23:00:00Z"],
    ["yesterday 02:30", "2026-03-28T01:30:00Z"],
  ]);
  // The skip has not come yet, so yesterday's is meant.
  checkRows("Europe/Berlin", "2026-03-29T00:59:00Z", [["02:30", "2026-03-28T01:30:00Z"]]);
  // Days that begin at 01:00, half an hour, and a whole day that was left out.
  checkRows("America/Sao_Paulo", "2018-11-04T12:00:00Z", [
    ["today", "2018-11-04T03:00:00Z"],
    ["2018-11-04", "2018-11-04T03:00:00Z"],
    ["00:30", "2018-11-04T03:00:00Z"],
  ]);
  checkRows("Australia/Lord_Howe", "2026-10-04T12:00:00Z", [
    ["02:15", "2026-10-03T15:30:00Z"],
    ["02:30", "2026-10-03T15:30:00Z"],
  ]);
  checkRows("Pacific/Apia", "2011-12-31T00:00:00Z", [
    ["yesterday", "2011-12-30T10:00:00Z"],
    ["2011-12-30 12:00", "2011-12-30T10:00:00Z"],
    ["2011-12-29 12:00", "2011-12-29T22:00:00Z"],
    ["20:00", "2011-12-30T10:00:00Z"],
  ]);
});

test("parseMoment() takes the first of two equal local times, HH:MM the latest", () => {
  // 03:00 becomes 02:00 at 01:00Z.
  checkRows("Europe/Berlin", "2026-10-25T12:00:00Z", [
    ["2026-10-25 02:30", "2026-10-25T00:30:00Z"],
    ["2026-10-25 03:00", "2026-10-25T02:00:00Z"],
    ["02:30", "2026-10-25T01:30:00Z"],
    ["yesterday", "2026-10-23T22:00:00Z"],
    ["today", "2026-10-24T22:00:00Z"],
  ]);
  checkRows("Europe/Berlin", "2026-10-25T01:10:00Z", [["02:30", "2026-10-25T00:30:00Z"]]);
  checkRows("Europe/Berlin", "2026-10-26T12:00:00Z", [
    ["yesterday 02:30", "2026-10-25T00:30:00Z"],
  ]);
  // The clocks go back from midnight into the day before.
  checkRows("America/Sao_Paulo", "2018-02-18T02:30:00Z", [
    ["today", "2018-02-17T02:00:00Z"],
    ["23:45", "2018-02-18T01:45:00Z"],
  ]);
});

test("parseMoment() takes durations that have passed", () => {
  for (const zone of ZONES) {
    checkRows(zone, "2026-11-24T12:00:00Z", [
      ["10m ago", "2026-11-24T11:50:00Z"],
      ["1h30m ago", "2026-11-24T10:30:00Z"],
      ["10m", "2026-11-24T11:50:00Z"],
      ["-1h30m", "2026-11-24T10:30:00Z"],
      ["5 minutes ago", "2026-11-24T11:55:00Z"],
      ["an hour ago", "2026-11-24T11:00:00Z"],
      ["1.5 hours ago", "2026-11-24T10:30:00Z"],
      ["90 sec ago", "2026-11-24T11:58:30Z"],
      ["2 weeks ago", "2026-11-10T12:00:00Z"],
      ["1d2h3m4s ago", "2026-11-23T09:56:56Z"],
      ["1.5h ago", "2026-11-24T10:30:00Z"],
      ["250ms ago", "2026-11-24T11:59:59.750Z"],
      ["0s ago", "2026-11-24T12:00:00Z"],
      ["7d  ago", "2026-11-17T12:00:00Z"],
    ]);
  }
});

test("parseMoment() refuses dates and times that there are not", () => {
  const bad = [
    ["2026-02-30", "2026-02-29T10:00:00Z", "2026-13-01", "2026-00-10", "2026-11-00", "1900-02-29"],
    ["24:00", "25:00", "12:60", "12:00:60", "yesterday 24:00", "2026-11-24T24:00:00Z"],
    ["2026-11-24T10:60:00Z", "2026-11-24T10:00:00+24:00", "2026-11-24T10:00:00+01:60"],
  ];
  for (const text of bad.flat()) assert.equal(complaint(text), `Bad time: ${text}; ${HELP}`);
});

test("parseMoment() refuses what is no time, and says what is", () => {
  const bad = [
    [
      "",
      "10",
      "+10m",
      "-10m ago",
      "10 ago",
      "ago",
      "10x ago",
      "1e3s ago",
      "10mago",
      "40000d ago",
      "10x",
      "5 minutes",
      "6000 weeks ago",
    ],
    ["tomorrow", "Today", "today 10:00", "yesterday10:00", "10", "10:0", "10:00:0", "10:00pm"],
    ["2026", "2026-11", "20261124", "26-11-24", "2026-1-2", "2026-11-24Z", "2026-11-24T10Z"],
    ["2026-11-24 10:00:00 Z", "2026-11-24_10:00", "+2026-11-24", " now", "now ", "NaN", "٣:٠٠"],
  ];
  for (const text of bad.flat()) {
    assert.equal(complaint(text), `Bad time: ${text || "''"}; ${HELP}`);
  }
});

test("parseMoment() refuses what lies ahead by more than clocks may differ", () => {
  const ahead = [
    "2026-11-24T16:59:58.251Z",
    "2026-11-25",
    "2026-11-24T16:59:57-00:01",
    "9999-12-31",
    "1795539999",
    "99999999999",
  ];
  inZone("UTC", () => {
    for (const text of ahead) {
      assert.equal(
        complaint(text),
        `Bad time: ${text} lies in the future; give one that has come`,
      );
    }
    assert.equal(meant("2026-11-24T16:59:58.250Z", NOW), "2026-11-24T16:59:58.250Z");
  });
});

test("whatever the hour, HH:MM has come and is less than a day old, an hour aside", () => {
  const seed = 47;
  const next = random(seed);
  for (const zone of [...ZONES, "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo"]) {
    inZone(zone, () => {
      for (let i = 0; i < 300; i++) {
        const now = Date.UTC(2015, 0, 1) + Math.floor(next() * 12 * 365 * 86_400) * 1000;
        const [hours, minutes] = [Math.floor(next() * 24), Math.floor(next() * 60)];
        const text = `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
        const moment = parseMoment(text, now, { offsetAt });
        const why = `seed ${seed}: ${text} in ${zone} at ${new Date(now).toISOString()}`;
        assert.ok(moment <= now && now - moment < 25 * 3_600_000, why);
        const shown = new Date(moment);
        if (shown.getHours() === hours) assert.equal(shown.getMinutes(), minutes, why);
      }
    });
  }
});

test("no text makes parseMoment() give no number, or throw anything but a UsageError", () => {
  const seed = 53;
  const next = random(seed);
  const pieces = [
    "yesterday",
    " ",
    "ago",
    "10",
    ":",
    "2026",
    "-",
    "0",
    "T",
    "Z",
    "+01:00",
    "m",
    ".",
  ];
  for (let i = 0; i < 5000; i++) {
    let text = i % 3 === 0 ? randomText(next) : "";
    const count = i % 3 === 0 ? 0 : next() * 9;
    for (let n = 0; n < count; n++) text += pieces[Math.floor(next() * pieces.length)];
    try {
      assert.ok(Number.isFinite(parseMoment(text, Date.parse(NOW))), `seed ${seed}: ${text}`);
    } catch (error) {
      assert.ok(error instanceof UsageError, `seed ${seed}, text ${i}: ${error}`);
    }
  }
});
