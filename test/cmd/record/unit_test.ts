import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DOORS } from "../../../ffi/doors.ts";
import { SOCKET_UNIT, unitText } from "../../../src/cmd/record/unit_text.ts";
import { CommandError, EXIT } from "../../../src/fault.ts";
import { temporaryFolder } from "../../support/at_end.ts";

const folder = temporaryFolder("fh-unit-");

/** The lines of the text that are settings of these names, in order. */
function settings(text: string, ...names: string[]): string[] {
  return text.split("\n").filter((line) => names.includes(line.replace(/=.*/, "")));
}

test("contrib/systemd/fh.service is what --print-unit prints for /usr/local/bin/fh", () => {
  const path = new URL("../../../contrib/systemd/fh.service", import.meta.url);
  assert.equal(readFileSync(path, "utf8"), unitText("/usr/local/bin/fh"));
});

test("unitText() takes away the variables by which others could come in", () => {
  const [setting] = settings(unitText("/usr/bin/fh"), "UnsetEnvironment");
  assert.deepEqual(
    setting?.replace("UnsetEnvironment=BUN_BE_BUN ", "").split(" "),
    Object.keys(DOORS),
  );
});

test("contrib/systemd/fh.socket is what --print-socket-unit prints", () => {
  const path = new URL("../../../contrib/systemd/fh.socket", import.meta.url);
  assert.equal(readFileSync(path, "utf8"), SOCKET_UNIT);
});

test("unitText() runs fh record, and lets nothing but its own folders be written", () => {
  const text = unitText("/usr/bin/fh");
  const names = ["Type", "ExecStart", "StateDirectory", "StateDirectoryMode", "ProtectSystem"];
  assert.deepEqual(settings(text, ...names), [
    "Type=notify",
    "ExecStart=/usr/bin/fh record",
    "StateDirectory=fh",
    "StateDirectoryMode=0700",
    "ProtectSystem=strict",
  ]);
});

test("unitText() writes any path as systemd reads it", () => {
  const rows = [
    ["/opt/a b/fh", '"/opt/a b/fh"'],
    ["/opt/100%/fh", "/opt/100%%/fh"],
    ["/opt/$HOME;é/fh", "/opt/$HOME;é/fh"],
  ];
  for (const [path, word] of rows) {
    assert.deepEqual(settings(unitText(path!), "ExecStart"), [`ExecStart=${word} record`]);
  }
});

test("unitText() shows an executable in a hidden folder, and nothing beside it", () => {
  const rows: [string, string[]][] = [
    ["/usr/local/bin/fh", ["ProtectHome=yes"]],
    ["/homely/fh", ["ProtectHome=yes"]],
    ["/home/me/a b/100%/fh", [
      "ProtectHome=tmpfs",
      'BindReadOnlyPaths="/home/me/a b/100%%/fh"',
    ]],
    ["/root/fh", ["ProtectHome=tmpfs", 'BindReadOnlyPaths="/root/fh"']],
    ["/run/user/0/fh", ["ProtectHome=tmpfs", 'BindReadOnlyPaths="/run/user/0/fh"']],
    ["/tmp/fh", ["ProtectHome=tmpfs", 'BindReadOnlyPaths="/tmp/fh"']],
    ["/var/tmp/fh", ["ProtectHome=tmpfs", 'BindReadOnlyPaths="/var/tmp/fh"']],
  ];
  for (const [path, lines] of rows) {
    assert.deepEqual(settings(unitText(path), "ProtectHome", "BindReadOnlyPaths"), lines, path);
  }
});

test("unitText() refuses what systemd takes for no program", () => {
  const bad = [
    "",
    "fh",
    "./fh",
    "/opt/",
    '/a"b',
    "/a'b",
    "/a\\b",
    "/a\nExecStartPre=/bin/sh",
    "/\x7f",
  ];
  for (const path of bad) {
    assert.throws(() => unitText(path), (error: unknown) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.status, EXIT.failed);
      assert.match(error.message, /^Cannot make a unit: systemd takes no program at /);
      return true;
    });
  }
});

/** Version of systemd-analyze; 0 where it is not installed. */
function analyzeVersion(): number {
  const { stdout } = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
  return Number(/^systemd (\d+)/.exec(stdout ?? "")?.[1] ?? 0);
}

/** `security --offline` came with 250; the unit has settings that 248 does not know. */
const VERSION_MIN = 250;
const version = analyzeVersion();
const without = version >= VERSION_MIN
  ? null
  : version === 0
  ? "no systemd-analyze"
  : `systemd-analyze ${version} is older than ${VERSION_MIN}`;

/** A test that needs systemd's own opinion. */
function analyzeTest(name: string, run: () => void): void {
  if (without === null) test(name, run);
  else test(`${name} (skipped: ${without})`, { skip: true }, run);
}

/** What `systemd-analyze VERB` says about a text as fh.service. */
function analyze(
  text: string,
  verb: readonly string[],
  name = "fh.service",
): { status: number | null; said: string } {
  const path = join(folder, name);
  writeFileSync(path, text);
  const { status, stdout, stderr } = spawnSync("systemd-analyze", [...verb, path], {
    encoding: "utf8",
  });
  // It loads other units of the host too, and complains about those.
  const said = `${stdout}${stderr}`.split("\n").filter((line) => line.includes(name));
  return { status, said: said.join("\n") };
}

/** The manual need not be installed here. */
const VERIFY = ["verify", "--man=no"];

analyzeTest("systemd finds nothing wrong with the unit", () => {
  assert.deepEqual(analyze(unitText("/bin/sh"), VERIFY), { status: 0, said: "" });
  const odd = join(folder, "a b 100%h $HOME:é");
  mkdirSync(odd);
  symlinkSync("/bin/sh", join(odd, "fh"));
  assert.deepEqual(analyze(unitText(join(odd, "fh")), VERIFY), { status: 0, said: "" });
});

analyzeTest("systemd finds nothing wrong with the socket unit", () => {
  writeFileSync(join(folder, "fh.service"), unitText("/bin/sh"));
  const found = analyze(SOCKET_UNIT, VERIFY, "fh.socket");
  assert.deepEqual(found, { status: 0, said: "" });
  const { said } = analyze(SOCKET_UNIT.replace("0660", "wide"), VERIFY, "fh.socket");
  assert.match(said, /wide/);
});

analyzeTest("what is wrong with a unit is found", () => {
  const text = unitText("/bin/sh").replace("PrivateTmp=yes", "PrivateTmp=perhaps\nNoSuchKey=1");
  const { said } = analyze(text, VERIFY);
  assert.match(said, /perhaps/);
  assert.match(said, /NoSuchKey/);
});

analyzeTest("the exposure of the unit, as systemd counts it, is at most 3 of 10", () => {
  const measure = ["security", "--offline=true", "--no-pager", "--threshold=30"];
  const { status, said } = analyze(unitText("/usr/local/bin/fh"), measure);
  assert.equal(status, 0, said);
  const open = unitText("/usr/local/bin/fh").replace(/^(?:Private|Protect|System)\w+=.*\n/gm, "");
  assert.equal(analyze(open, measure).status, 1);
});
