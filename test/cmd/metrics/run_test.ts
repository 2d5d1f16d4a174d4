/** `fh metrics` without a recorder that answers: what a history alone knows. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { temporaryFolder } from "../../support/at_end.ts";
import { PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;
const folder = temporaryFolder("fh-metrics-");

function recorded(): TestRecorder {
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  const past = new TestRecorder(undefined, { keepMs: 60_000, maxBytes: 1 << 30 });
  past.tell(...scan(S, S, [init]), fork(2 * S, 10, 1), exec(2 * S, 10, "a"), exit(3 * S, 10, 0));
  return past.flush().end();
}

async function metrics(...argv: readonly string[]) {
  const context = fakeContext();
  const status = await runCli(context, ["metrics", ...argv]);
  return { status, stdout: context.stdout.text, stderr: context.stderr.text };
}

test("a history alone tells its size, its limits, and that nobody records", async () => {
  using past = recorded();
  const { status, stdout, stderr } = await metrics("--db", past.path);
  assert.deepEqual([status, stderr], [0, ""]);
  for (
    const line of [
      /^fh_build_info\{version="0",source="connector"\} 1$/m,
      /^fh_up 0$/m,
      /^fh_history_rows 2$/m,
      /^fh_history_bytes \d{5,}$/m,
      /^fh_history_limit_bytes 1073741824$/m,
      /^fh_history_keep_seconds 60$/m,
      new RegExp(`^fh_history_oldest_timestamp_seconds ${PAST_EPOCH.seconds / 100}`, "m"),
    ]
  ) assert.match(stdout, line);
  assert.doesNotMatch(stdout, /fh_forks_total|fh_history_lag|process_/);
});

test("without a recorder and a history there is one line, and fh_up is 0", async () => {
  const { status, stdout, stderr } = await metrics();
  assert.equal(status, 0);
  assert.match(stdout, /^fh_up 0$/m);
  assert.match(stderr, /^fh: nothing is counted: No server: [^\n]*\n$/);
  assert.equal((await metrics("-q")).stderr, "");
});

test("a socket that was named must be there, and so must a history", async () => {
  const socket = await metrics("--socket", join(folder, "none.sock"));
  assert.deepEqual([socket.status, socket.stdout], [1, ""]);
  assert.match(socket.stderr, /^fh: No server: there is no /);
  const file = await metrics("--db", join(folder, "none.db"));
  assert.deepEqual([file.status, file.stdout], [3, ""]);
});

test("as JSON each metric is a line", async () => {
  using past = recorded();
  const { stdout } = await metrics("--json", "--db", past.path);
  const families = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const rows = families.find(({ name }) => name === "fh_history_rows");
  assert.deepEqual([rows.type, rows.unit, rows.samples], ["gauge", "", [{ labels: {}, value: 2 }]]);
});

test("a textfile is written whole, for others to read", async () => {
  using past = recorded();
  const path = join(folder, "fh.prom");
  const { status, stdout, stderr } = await metrics("--db", past.path, "--textfile", path);
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  assert.match(readFileSync(path, "utf8"), /^fh_up 0\n/m);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(folder), ["fh.prom"]);
});

test("a folder that is missing is one line", async () => {
  using past = recorded();
  const path = join(folder, "none", "fh.prom");
  const { status, stdout, stderr } = await metrics("--db", past.path, "--textfile", path);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.equal(stderr, `fh: Cannot write ${path}: ENOENT; make its folder\n`);
  assert.ok(!existsSync(path));
  const onto = await metrics("--db", past.path, "--textfile", folder);
  assert.equal(onto.stderr, `fh: Cannot write ${folder}: it is a folder; give another path\n`);
});
