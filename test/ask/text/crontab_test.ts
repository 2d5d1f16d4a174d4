import assert from "node:assert/strict";
import { test } from "node:test";
import { type Crontab, Crontabs } from "../../../src/ask/text/crontab.ts";

const SYSTEM: Crontab = {
  path: "/etc/cron.d/some",
  form: "system",
  user: null,
  text: `# m h dom mon dow user command
SHELL=/bin/bash
MAILTO = root

*/5 * * * *   www-data  curl -s 'http://127.0.0.1/cron' >/dev/null 2>&1
17 *\t* * * root    cd / && run-parts --report /etc/cron.hourly
@reboot root date +\\%s%some input
no line of a crontab
`,
};
const USER: Crontab = {
  path: "/var/spool/cron/crontabs/ann",
  form: "user",
  user: "ann",
  text: "0 3 * * 1-5 rsync -a  src dst\n@daily backup --password=hunter2\n",
};
const ANACRON: Crontab = {
  path: "/etc/anacrontab",
  form: "anacron",
  user: "root",
  text: "1\t5\tcron.daily\trun-parts --report /etc/cron.daily\n@monthly 15 m once a month\n",
};
const ALL = [SYSTEM, USER, ANACRON];

function found(user: string | null, ...argv: readonly string[]): string[] {
  return new Crontabs(ALL).find({ argv, user })
    .map(({ file, line, schedule, user }) => `${file}:${line} ${schedule} ${user}`);
}

const shell = (user: string | null, command: string) => found(user, "/bin/sh", "-c", command);

test("a line is found by the command that cron gives to a shell", () => {
  assert.deepEqual(shell("root", "cd / && run-parts --report /etc/cron.hourly"), [
    "/etc/cron.d/some:6 17 * * * * root",
  ]);
  assert.deepEqual(shell("root", "date +%s"), ["/etc/cron.d/some:7 @reboot root"]);
  assert.deepEqual(shell("ann", "rsync -a  src dst"), [
    "/var/spool/cron/crontabs/ann:1 0 3 * * 1-5 ann",
  ]);
  assert.deepEqual(shell("root", "run-parts --report /etc/cron.daily"), [
    "/etc/anacrontab:1 1 5 root",
  ]);
  assert.deepEqual(shell("root", "once a month"), ["/etc/anacrontab:2 @monthly 15 root"]);
});

test("a line is found by what a shell has become", () => {
  const line = "/etc/cron.d/some:5 */5 * * * * www-data";
  assert.deepEqual(found("www-data", "curl", "-s", "http://127.0.0.1/cron"), [line]);
  assert.deepEqual(found(null, "curl", "-s", "http://127.0.0.1/cron"), [line]);
  assert.deepEqual(found("www-data", "curl", "-s"), []);
});

test("redirections are no words of a command, however they are written", () => {
  for (const redirection of [">/dev/null 2>&1", " > /dev/null", " >& x", " 2>> log < in", "&>x"]) {
    const text = `@daily /usr/bin/foo a${redirection.startsWith("&") ? " " : ""}${redirection}`;
    const crontab: Crontab = { path: "x", form: "user", user: "a", text };
    const argv = ["/usr/bin/foo", "a"];
    assert.equal(new Crontabs([crontab]).find({ argv, user: "a" }).length, 1, text);
  }
});

test("a line is found though its secrets are hidden in what was recorded", () => {
  const line = "/var/spool/cron/crontabs/ann:2 @daily ann";
  assert.deepEqual(shell("ann", "backup --password=***"), [line]);
  assert.deepEqual(shell("ann", "backup --password=hunter2"), [line]);
});

test("no line is found of another user, of another command, or of none", () => {
  assert.deepEqual(shell("bob", "rsync -a  src dst"), []);
  assert.deepEqual(shell("ann", "rsync -a src"), []);
  assert.deepEqual(shell("root", "root"), []);
  assert.deepEqual(found("root"), []);
});

test("what a recorder has hidden stands for anything, and for nothing else", () => {
  const found = (command: string, argv: string) => {
    const crontab: Crontab = { path: "x", form: "user", user: "a", text: `* * * * * ${command}` };
    return new Crontabs([crontab]).find({ argv: ["sh", "-c", argv], user: "a" }).length;
  };
  assert.equal(found("backup tok-1 --to tok-2", "backup *** --to ***"), 1);
  assert.equal(found("backup tok-1 --to tok-2", "backup *** --from ***"), 0);
  assert.equal(found("backup tok-1", "backup ***--to"), 0);
  assert.equal(found("ab", "ab***b"), 0);
});

test("no line takes longer than it is long", () => {
  const spaces = " ".repeat(1 << 18);
  const text = [
    `1 2 3 4 5${spaces}x\u2028y\rz`,
    `1 2 3 4 5 a${spaces}${"1".repeat(1 << 18)}${spaces}b`,
    `${spaces}1${spaces}2`,
    ">".repeat(1 << 18),
    "%".repeat(1 << 18),
  ].join("\n");
  const crontabs = (["system", "user", "anacron"] as const).map((form): Crontab => {
    return { path: form, form, user: null, text };
  });
  const argv = ["sh", "-c", "***".repeat(1 << 15)];
  const began = performance.now();
  new Crontabs(crontabs).find({ argv, user: null });
  // Backtracking would take minutes.
  assert.ok(performance.now() - began < 10_000);
});
