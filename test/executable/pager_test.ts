/** Long answers are paged on a terminal, and nowhere else. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";
import { runs } from "../support/running.ts";
import { Tmux, tmuxMissing } from "../support/tmux.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const folder = temporaryFolder("fh-pager-");

/** A pager that shows two lines, and waits for Enter. */
function pager(name: string): string {
  const path = join(folder, name);
  const text = `trap "" INT; head -n 2; echo "($LESS) more?"; read -r answer < /dev/tty; echo left`;
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

test(...unless(tmuxMissing, "what is longer than the screen is paged"), async () => {
  using tmux = await Tmux.start(80, 8);
  const path = pager("two");
  tmux.keys(`FH_PAGER=${path} ${FH} tree; echo status $?`, "Enter");
  await tmux.shows(/\(FRX\) more\?/);
  // Ctrl-C is for what is computed: that is over, and who reads goes on reading.
  tmux.keys("C-c");
  await tmux.shows(/\n\^C/);
  tmux.keys("C-c");
  assert.ok(runs(tmux.child()));
  tmux.keys("Enter");
  // A note may come in between: what is read on a terminal comes before what is said of it.
  await tmux.shows(/left\n[^]*status 0/);
});

test(...unless(tmuxMissing, "what fits is not, and notes come after it"), async () => {
  using tmux = await Tmux.start(80, 24);
  const out = join(folder, "paged");
  tmux.keys(`FH_PAGER='cat > ${out}' ${FH} why $$; echo status $?`, "Enter");
  await tmux.shows(/Cost so far[^]*status 0/);
  assert.ok(!existsSync(out));
  tmux.resize(80, 4);
  tmux.keys(`FH_PAGER='cat > ${out}' ${FH} why $$`, "Enter");
  await until(() => existsSync(out));
  tmux.resize(80, 24);
  tmux.keys(`FH_PAGER=fh-no-such ${FH} why $$`, "Enter");
  await tmux.shows(/fh: no pager: there is no program fh-no-such; see FH_PAGER/);
});

test(...unless(tmuxMissing, "whoever leaves early ends the question"), async () => {
  using tmux = await Tmux.start(80, 8);
  tmux.keys(`FH_PAGER='head -n 1; echo left' ${FH} tree; echo status $?`, "Enter");
  await tmux.shows(/left\n[^]*status 0/);
});

test("nothing is paged in a pipe", () => {
  const out = join(folder, "piped");
  const env = { ...process.env as Record<string, string>, FH_PAGER: `cat > ${out}` };
  const { stdout, status } = runFh(["tree"], { env });
  assert.deepEqual([status, existsSync(out)], [0, false]);
  assert.ok(stdout.split("\n").length > 5);
});
