/** `fh` alone, on a terminal and in a pipe, and what a newcomer is told once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { VERSION } from "../../src/version.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { startRecorder } from "../support/recorded.ts";
import { Tmux, tmuxMissing } from "../support/tmux.ts";
import { unless } from "../support/unless.ts";

const folder = temporaryFolder("fh-here-");
const SOURCE = process.geteuid!() === 0 ? "auto" : "poll";

for (const [columns, rows] of [[80, 24], [160, 50]] as const) {
  test(...unless(tmuxMissing, `fh alone on a terminal of ${columns}x${rows}`), async () => {
    const db = join(folder, `${columns}.db`);
    using tmux = await Tmux.start(columns, rows);
    tmux.keys(`FH_DB=${db} ${FH}; echo status $?`, "Enter");
    await tmux.shows(/status 0/);
    const lines = tmux.screen().split("\n");
    const at = lines.findIndex((line) => line.startsWith(`fh ${VERSION}`));
    const text = lines.slice(at).join("\n");
    assert.match(text, /^Source {3}\w+: /m);
    assert.match(text, /^History {2}none: what has ended is not known$/m);
    assert.match(text, /^\d+ processes live; those that were started last:$/m);
    assert.match(text, /^ +PID +USER +AGE +COMMAND$/m);
    assert.match(text, /^Next:\n {2}fh record/m);
    assert.equal(text.split(/^Next:\n/m)[1]!.split("\n\n")[0]!.match(/^ {2}\S/gm)!.length, 3);
    assert.match(text, /^fh --help has all commands\.$/m);
    // The whole of it is on the screen.
    assert.ok(at >= 0 && lines.length <= rows + 1);
  });
}

test(...unless(tmuxMissing, "fh alone knows the history, and what is wrong"), async () => {
  const db = join(folder, "known.db");
  await using recorder = await startRecorder(db, ["--source", SOURCE]);
  runProgram("sh", ["-c", "sleep 0.1"]);
  using tmux = await Tmux.start(160, 40);
  tmux.keys(`FH_DB=${db} ${FH}; echo status $?`, "Enter");
  await tmux.shows(/status 0/);
  const text = tmux.screen();
  assert.match(text, /^History {2}\d+ processes since \S.*, a recorder is at work: \//m);
  assert.ok(!/^ {2}fh record/m.test(text), text);
  assert.match(text, /^ {2}fh log --failed --since today {2}/m);
  const { status, stderr } = await recorder.end("SIGINT");
  assert.equal(status, 0);
  assert.match(stderr, /^fh: kept \d+ processes since \S+ \S+ in \/\S+known\.db, .*; fh log and /m);
});

test("in a pipe fh alone tells its commands, as it always did", () => {
  const { status, stdout } = runFh([]);
  assert.equal(status, 0);
  assert.equal(stdout, runFh(["--help"]).stdout);
});

test(...unless(tmuxMissing, "how to have a history is said once"), async () => {
  using tmux = await Tmux.start(200, 50);
  const env = `FH_PAGER=cat FH_DB=${join(folder, "none.db")} XDG_STATE_HOME=${folder}`;
  const hint = /no history here: [^;\n]*; to have one, run fh record/;
  tmux.keys(`${env} ${FH} log; echo status $?`, "Enter");
  await tmux.shows(/status 0/);
  assert.match(tmux.screen(), hint);
  tmux.keys("clear", "Enter");
  tmux.keys(`${env} ${FH} log; echo again $?`, "Enter");
  await tmux.shows(/again 0/);
  assert.match(tmux.screen(), /no history here/);
  assert.ok(!hint.test(tmux.screen()), tmux.screen());
});

test("fh doctor ends with the command to run next", () => {
  const { stdout } = runFh(["doctor"]);
  assert.match(stdout, /\n\nNext: (?:sudo )?fh .+\n {6}\S.*\n$/);
  assert.match(JSON.parse(runFh(["doctor", "--json"]).stdout).next, /^(?:sudo )?fh /);
});
