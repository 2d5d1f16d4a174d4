import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EVENT_NAMES,
  parseChoice,
  parseCount,
  parseDuration,
  parseEvents,
  parseGlob,
  parseNames,
  parsePeriod,
  parsePid,
  parseRegex,
  parseSize,
  parseUser,
} from "../../../src/ask/text/values.ts";
import { EXIT, UsageError } from "../../../src/fault.ts";
import { random } from "../../support/random.ts";
import { randomText } from "../../support/random_text.ts";

/** The one line that `parse` complains with. */
function complaint(parse: (text: string) => unknown, text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.status, EXIT.usage);
    return error.message;
  }
  throw new assert.AssertionError({ message: `${JSON.stringify(text)} was taken` });
}

test("parseDuration() gives nanoseconds", () => {
  const values: [string, number][] = [
    ["0s", 0],
    ["5ns", 5],
    ["20us", 20e3],
    ["250ms", 250e6],
    ["10s", 10e9],
    ["1.5s", 1.5e9],
    ["3m", 180e9],
    ["2h", 7200e9],
    ["7d", 604_800e9],
  ];
  for (const [text, ns] of values) assert.equal(parseDuration(text), ns, text);
});

test("parseDuration() refuses what has no unit, a sign, or is no number", () => {
  for (const text of ["", "10", "s", "-1s", "1e3s", "1 s", "1s ", "1w", "0x1s", "1s1m", ".5s"]) {
    complaint(parseDuration, text);
  }
  assert.equal(
    complaint(parseDuration, "10"),
    "Bad duration: 10; give a number and a unit, such as 250ms, 10s, 3m, 2h or 7d",
  );
  assert.match(complaint(parseDuration, "99999999d"), /at most 100 years/);
  assert.match(complaint(parseDuration, "9".repeat(400) + "d"), /at most 100 years/);
});

test("parsePeriod() refuses what would keep a CPU busy", () => {
  assert.equal(parsePeriod("100us"), 100_000);
  for (const text of ["0s", "99us", "0.05ms"]) {
    assert.equal(complaint(parsePeriod, text), `Bad period: ${text}; give at least 100us`);
  }
});

test("parseSize() gives bytes, in powers of 1024", () => {
  const values: [string, number][] = [
    ["1", 1],
    ["4096", 4096],
    ["10B", 10],
    ["100K", 102_400],
    ["512M", 512 * 1024 ** 2],
    ["2G", 2 * 1024 ** 3],
    ["1T", 1024 ** 4],
    ["1.5G", 1.5 * 1024 ** 3],
    ["0.3K", 307],
    ["64KB", 65_536],
    ["64KiB", 65_536],
    ["64Ki", 65_536],
    ["64k", 65_536],
    ["1gb", 1024 ** 3],
    ["8191T", 8191 * 1024 ** 4],
  ];
  for (const [text, bytes] of values) assert.equal(parseSize(text), bytes, text);
});

test("parseSize() refuses nothing, too much, and what is no size", () => {
  for (
    const text of ["", "M", "-1M", "1e3", "1 M", "1M ", "1P", "5iB", "1MM", "0x10", ".5M", "1."]
  ) {
    complaint(parseSize, text);
  }
  assert.equal(
    complaint(parseSize, "many"),
    "Bad size: many; give bytes, or a number with K, M, G or T, such as 512M or 2G",
  );
  for (const text of ["0", "0G", "0.0001K", "0.4"]) {
    assert.equal(complaint(parseSize, text), `Bad size: ${text}; give at least 1 byte`);
  }
  for (const text of ["8192T", "9".repeat(400)]) {
    assert.equal(complaint(parseSize, text), `Bad size: ${text}; give less than 8192T`);
  }
});

test("parsePid() takes whole numbers that can be pids", () => {
  assert.equal(parsePid("1"), 1);
  assert.equal(parsePid("0012"), 12);
  assert.equal(parsePid("4194304"), 4_194_304);
  for (const text of ["0", "-1", "+1", "1e3", "12abc", "1.0", "0x10", "", " 1", "4194305", "٣"]) {
    complaint(parsePid, text);
  }
  assert.equal(
    complaint(parsePid, "12abc"),
    "Bad pid: 12abc; give a whole number from 1 to 4194304",
  );
});

test("parseCount() takes whole numbers from 1", () => {
  assert.equal(parseCount("1"), 1);
  assert.equal(parseCount("1000000"), 1_000_000);
  for (const text of ["0", "-1", "1.5", "", "1e9", "9".repeat(30)]) complaint(parseCount, text);
});

test("parseEvents() takes every event of the contract, each once", () => {
  assert.deepEqual(parseEvents(EVENT_NAMES.join(",")), EVENT_NAMES);
  assert.deepEqual(parseEvents("exec,fork,exec"), ["exec", "fork"]);
});

test("parseEvents() says what may have been meant", () => {
  assert.equal(complaint(parseEvents, "fork,exce"), "Unknown event: exce; did you mean exec?");
  assert.equal(
    complaint(parseEvents, "clone"),
    `Unknown event: clone; give one of ${EVENT_NAMES.join(", ")}`,
  );
  assert.equal(complaint(parseEvents, ""), "Bad list: ''; give names with commas between them");
  complaint(parseEvents, "fork,");
  complaint(parseEvents, "fork, exec");
});

test("parseChoice() takes one of its words", () => {
  const parse = parseChoice("source", ["auto", "connector", "poll"]);
  assert.equal(parse("poll"), "poll");
  assert.equal(complaint(parse, "conector"), "Unknown source: conector; did you mean connector?");
  assert.equal(
    complaint(parse, "ebpf"),
    "Unknown source: ebpf; give one of auto, connector, poll",
  );
  complaint(parse, "constructor");
});

test("parseNames() splits at commas", () => {
  assert.deepEqual(parseNames("PATH,HOME"), ["PATH", "HOME"]);
  for (const text of ["", ",", "A,,B", "A,"]) complaint(parseNames, text);
});

test("parseRegex() gives the reason why it cannot read one", () => {
  assert.ok(parseRegex("ma(ke|n)$").test("make"));
  assert.match(complaint(parseRegex, "("), /^Bad regular expression: \(; \w/);
  assert.match(complaint(parseRegex, "a[b: c"), /^Bad regular expression: a\[b: c; \w/);
});

test("parseGlob() tests the whole text", () => {
  const rows: [string, string[], string[]][] = [
    ["sh", ["sh"], ["bash", "shx", ""]],
    ["*sh", ["sh", "bash"], ["shx"]],
    ["s?", ["sh", "s\n", "s\u{1f600}"], ["s", "shh"]],
    ["*", ["", "a\nb"], []],
    ["", [""], ["a"]],
    ["[a-c]x", ["ax", "cx"], ["dx", "x"]],
    ["[!a-c]x", ["dx"], ["ax"]],
    ["[^a]", ["b", "^"], ["a"]],
    ["[]]", ["]"], ["["]],
    ["[!]]", ["["], ["]"]],
    ["[[]", ["["], ["]"]],
    ["[a-]", ["a", "-"], ["b"]],
    ["[\\]a]", ["]", "a"], ["\\"]],
    ["[", ["["], ["a"]],
    ["[a", ["[a"], ["a"]],
    ["a[]", ["a[]"], ["a"]],
    ["\\*", ["*"], ["a"]],
    ["a\\", ["a\\"], ["a"]],
    ["a.b+(c)|{d}$^/", ["a.b+(c)|{d}$^/"], ["axb+(c)|{d}$^/"]],
    ["/system.slice/*", ["/system.slice/a/b"], ["/system_slice/a"]],
    ["[$.*?+(){}|/^,#&~@]", ["$", ".", "*", "^", "/", "&"], ["a"]],
    ["[\\w]", ["w"], ["a", "\\"]],
    ["[a\\-c]", ["a", "-", "c"], ["b"]],
    ["b@srv\\x2ddata.service", ["b@srv\\x2ddata.service", "b@srvx2ddata.service"], ["b@srv-data"]],
    ["srv\\x2d*.mount", ["srv\\x2da.mount", "srvx2da.mount"], ["srv-a.mount", "srv\\x2d"]],
    ["a\\?", ["a?", "a\\?"], ["ab", "a"]],
    ["[ab]", ["a", "b", "[ab]"], ["ab", "[ab", "[a]"]],
  ];
  for (const [pattern, yes, no] of rows) {
    const matches = parseGlob(pattern);
    for (const text of yes) assert.ok(matches(text), `${pattern} matches ${text}`);
    for (const text of no) assert.ok(!matches(text), `${pattern} does not match ${text}`);
  }
  assert.match(complaint(parseGlob, "[z-a]"), /^Bad pattern: \[z-a\]; /);
});

test("parseUser() asks who there is", () => {
  const users = { uid: (name: string) => name === "root" ? 0 : /^\d$/.test(name) ? 5 : null };
  assert.equal(parseUser("root", users), 0);
  assert.equal(parseUser("5", users), 5);
  assert.equal(
    complaint((text) => parseUser(text, users), "nobody-at-all"),
    "Unknown user: nobody-at-all; give a user name of this host or a uid",
  );
});

test("no text makes a parser throw anything but a UsageError", () => {
  const seed = 31;
  const next = random(seed);
  const users = { uid: () => null };
  const parsers = [
    parseCount,
    parseDuration,
    parseEvents,
    parseGlob,
    parseNames,
    parsePid,
    parseRegex,
    parsePeriod,
    parseSize,
    (text: string) => parseUser(text, users),
  ];
  for (let i = 0; i < 3000; i++) {
    const text = i % 2 === 0 ? randomText(next) : `[${randomText(next)}]`;
    for (const parse of parsers) {
      try {
        parse(text);
      } catch (error) {
        assert.ok(error instanceof UsageError, `seed ${seed}, text ${i}: ${error}`);
      }
    }
  }
});
