import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createRedact } from "../../src/redact/redact.ts";
import { PLACES_MAX } from "../../src/redact/secret_found.ts";
import { random } from "../support/random.ts";
import { CLIENTS, OTHERS } from "./redact_clients.ts";
import { HARMLESS, SECRETS } from "./redact_table.ts";

const redact = createRedact();
const encoder = new TextEncoder();

const bytesOf = (words: readonly string[]) => encoder.encode(words.map((w) => w + "\0").join(""));
const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

function redacted(words: readonly string[], hide = redact): string[] {
  return textOf(hide(bytesOf(words))).split("\0").slice(0, -1);
}

const wordsOf = (row: string | readonly string[]) => typeof row === "string" ? row.split(" ") : row;

function assertHidden(row: string | readonly string[]): void {
  const words = wordsOf(row);
  const given = words.map((word) => word.replaceAll(/[«»]/g, ""));
  const wanted = words.map((word) => word.replaceAll(/«[^»]*»/g, "***"));
  assert.notDeepEqual(given, wanted);
  assert.deepEqual(redacted(given), wanted);
  assert.deepEqual(redacted(wanted), wanted, "twice is as once");
}

function assertKept(row: string | readonly string[]): void {
  const bytes = bytesOf(wordsOf(row));
  assert.equal(redact(bytes), bytes, textOf(redact(bytes)));
}

for (const [about, rows] of Object.entries(SECRETS)) {
  test(`redact() hides ${about}`, () => rows.forEach(assertHidden));
}

for (const [why, rows] of Object.entries(HARMLESS)) {
  test(`redact() leaves alone ${why}`, () => rows.forEach(assertKept));
}

for (const [source, row] of CLIENTS) {
  test(`redact() hides the secret in ${wordsOf(row).join(" ")}: ${source}`, () =>
    assertHidden(row));
}

for (const [source, row] of OTHERS) {
  test(`redact() leaves alone ${wordsOf(row).join(" ")}: ${source}`, () => assertKept(row));
}

test("redact() keeps everything else, byte for byte", () => {
  const text = (latin: string) => Uint8Array.from(latin, (c) => c.charCodeAt(0));
  // No NUL at the end, empty words, what is not UTF-8, a mark at the beginning.
  const pairs: [string, string][] = [
    ["\xff\0\0--token=a\xfeb\0\xc3(\0\x80", "\xff\0\0--token=***\0\xc3(\0\x80"],
    ["\xef\xbb\xbfx\0--token\0\xf0\x9f\x98\x80", "\xef\xbb\xbfx\0--token\0***"],
    ["\xc3\xa9\0--token=\xc3\xa9\0\xe6\x9d\xb1", "\xc3\xa9\0--token=***\0\xe6\x9d\xb1"],
    ["--token=\xed\xa0\x80", "--token=***"],
  ];
  for (const [given, wanted] of pairs) assert.deepEqual(redact(text(given)), text(wanted), given);
  const nothing = new Uint8Array();
  assert.equal(redact(nothing), nothing);
});

test("redact() hides what a program of the caller's takes", () => {
  const own = (pattern: RegExp, ...words: string[]) => redacted(words, createRedact([pattern]));
  assert.deepEqual(own(/--pin (\d+)/, "bank", "--pin", "1234", "5"), ["bank", "--pin", "***", "5"]);
  assert.deepEqual(own(/\bX\d+/, "a", "X1,X22", "--password=p"), [
    "a",
    "***,***",
    "--password=***",
  ]);
  assert.deepEqual(own(/of (\w+)|for (\w+)/, "of", "a", "for", "b"), ["of", "***", "for", "***"]);
  assert.deepEqual(own(/(?<=^vend )\S+ \S+$/, "vend", "a", "b"), ["vend", "***", "***"]);
  assert.deepEqual(own(/KENNWORT=(.*)/i, "kennwort=ä b", "c"), ["kennwort=***", "***"]);
  assert.deepEqual(own(/é/gy, "née", "a"), ["n***e", "a"]);
});

test("redact() does not cut a character in two, nor take an empty match for one", () => {
  const words = ["\u{1f600}", "ab"];
  assert.deepEqual(redacted(words, createRedact([/\ude00/])), ["***", "ab"]);
  const bytes = bytesOf(words);
  assert.equal(createRedact([/x*/, /(y*)/, /$/])(bytes), bytes);
});

/** What rules look for, and what confuses them. */
const PIECES = [
  ..."= ;,&?:|'\"\\(){}[]$`\n\0\0\0-/@%*",
  ..."é\u{1f600}",
  ...["password", "--password", "token", "api_key", "pwd", "mysql", "-psecret", "-p", "sh", "-c"],
  ...["curl", "-u", "a:b", "http://", "u:p@h", "***", "Authorization: Bearer ", "X-Api-Key: "],
  ...["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG", "-----END", "echo ", "| chpasswd"],
  ...["identified by ", "vault put a=b", "htpasswd -b", "redis-cli", "auth", "docker", "login"],
  ...["true", "env:", "pass:", "%5D", "sqlplus", "a/b@c", "-H", "Cookie: a=b", "$(", "hunter2"],
];

function countNuls(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
}

test("redact() keeps the number of words, and does in one go what it does", () => {
  const next = random(1);
  let changed = 0;
  for (let i = 0; i < 20_000; i++) {
    const pick = () => PIECES[Math.floor(next() * PIECES.length)]!;
    const bytes = encoder.encode(Array.from({ length: next() * 16 }, pick).join(""));
    // What is not UTF-8 takes another way.
    if (next() < 0.2 && bytes.length > 0) bytes[Math.floor(next() * bytes.length)] = next() * 256;
    const before = bytes.slice();
    const once = redact(bytes);
    assert.deepEqual(bytes, before);
    assert.equal(countNuls(once), countNuls(bytes));
    assert.equal(redact(once), once, new TextDecoder().decode(once));
    if (once !== bytes) changed++;
  }
  assert.ok(changed > 2000, String(changed));
});

test("redact() takes any bytes", () => {
  const next = random(2);
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: next() * 200 }, () => next() * 256);
    assert.equal(countNuls(redact(bytes)), countNuls(bytes));
  }
});

/** Repeated, each of these makes somebody look for an end that does not come. */
const REPEATED = [
  ...PIECES.filter((piece) => piece.trim() !== ""),
  ...["a", " ", "\0", "A", "gl", "sk-", "eyJ-", "eyJaaaaaaaa.", "SG.aaaaaaaaaaaaaaaa.", "token=$("],
  ...["token=env:", "pwd=/", "token: ", "token = ", "token=`", '{"token": ', '"password":"', '\\"'],
  ...["password='\\", "password=a,b", "://a:b/", "http://a:b@", ":pserver:a:", "identified by '"],
  ...["--password\0", "-H\0Cookie: a\0", "'a \"b ", "hooks.slack.com/services/", "-password\0a\0"],
  ...["-----BEGIN PRIVATE KEY-----MIIEvQIBADANBgkqhkiG", "mysql curl zip net ", "[password]="],
  ...[
    "TOKEN=A\n",
    "TOKEN=A\0",
    "://",
    "-p",
    "-p\0",
    "bash\0-c\0",
    "bash -c '",
    '{"',
    "{password:'a',",
  ],
  ...[
    "<password>",
    "<password>a</password>",
    "u:p@tcp(",
    "<<<",
    "chpasswd <<A\nA\n",
    "/password:a ",
  ],
  ...['"name":"PASSWORD",', '","name":"PASSWORD",', "--creds=a ", "echo a|passwd|", "-a\0", "a\0"],
  ...["echo a|cat|", "(echo a;", "a|(b)|", "echo <(", "{ a;", "kinit << A;", "kinit <<A;\nA\n"],
  ...[
    "auth('a','",
    "login(",
    "sp_password 'a','",
    "set password for a=",
    "identified by a replace ",
  ],
  ...["debconf-set-selections a/b password ", "a/a", "jdbc:oracle:thin:a/", "connect to a "],
  ...["expect password;", "send a;", "expect password {send a} ", "a=mysql ", '"password="a '],
  ...['bash -c "mysql -p \\"', "kinit <<<a;", "?token=a&", "name=password,value=", "[CDATA["],
];

/** Milliseconds of CPU time: others may have the CPU meanwhile. */
function msOf(bytes: Uint8Array): number {
  const began = process.cpuUsage();
  redact(bytes);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

/** Whether a command line of 128 KiB takes about sixteen times as long as one of 8. */
function isInProportion(start: string, pieces: readonly string[]): boolean {
  const repeat = (size: number) => {
    const each = size / pieces.length;
    return encoder.encode(
      start + pieces.map((piece) => piece.repeat(each / piece.length)).join(""),
    );
  };
  const [small, large] = [repeat(8192), repeat(131_072)];
  // What is squared takes 256 times as long. Less than two milliseconds are the compiler's, and so
  // may be what is longer now and then.
  const allowed = 100 * Math.max(msOf(small), 2);
  const isFast = () => msOf(large) < allowed;
  return isFast() || isFast() || isFast();
}

test("redact() takes in proportion to what it reads", () => {
  for (const start of ["token ", "sh\0-c\0", 'echo "', "password=", "mysql\0"]) {
    for (const piece of REPEATED) {
      assert.ok(isInProportion(start, [piece]), JSON.stringify([start, piece]));
    }
  }
});

test("so it does where the one half makes work of the other", () => {
  const nested = [["(", ")|a"], ["a<(", ")"], ["{ ", "a;} |a;"], ["kinit <<A;", "a\n"]];
  const halves = [...nested, ["<<A ", ";-"], ["kinit <<A;", "-;"], ["x@/a", "/a@"], ["a ", "x@/a"]];
  for (const pieces of halves) {
    for (const start of ["", "sh\0-c\0kinit "]) {
      assert.ok(isInProportion(start, pieces), JSON.stringify([start, pieces]));
    }
  }
});

test("redact() hides a line with more places for secrets than anybody writes as a whole", () => {
  const some = Array.from({ length: PLACES_MAX / 10 }, (_, i) => `TOKEN${i}=x`);
  assert.deepEqual(redacted(["app", ...some, "end"]), [
    "app",
    ...some.map((word) => word.replace("=x", "=***")),
    "end",
  ]);
  for (const piece of ["TOKEN=A", "--password x", "http://u:p@h", "<token>x</token>", "-p"]) {
    const words = piece.split(" ");
    const many = Array.from({ length: PLACES_MAX + 1 }, () => words).flat();
    const hidden = redacted(["sshpass", ...many, "end"]);
    assert.equal(hidden.length, many.length + 2);
    if (piece !== "-p") assert.ok(hidden.every((word) => word === "***"), piece);
  }
  const script = redacted(["sh", "-c", "TOKEN=A\n".repeat(PLACES_MAX + 1), ""]);
  assert.deepEqual(script, ["***", "***", "***", ""]);
});
