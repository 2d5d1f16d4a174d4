/** fh in a shell on a terminal: what Ctrl-C and Ctrl-\\ end, and what goes on. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runProgram } from "../support/executable.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const folder = temporaryFolder("fh-terminal-");

const lacking = ["script", "bash"].find((name) => {
  return runProgram("sh", ["-c", `command -v ${name}`]).status !== 0;
});
const missing = lacking === undefined ? null : `no ${lacking}`;

const [CTRL_C, CTRL_BACKSLASH] = ["\x03", "\x1c"];
/** Starts that command three times, one after the other. */
const loop = (command: string) => `for i in 1 2 3; do ${command}; echo status $?; done; echo over`;
const COMMANDS = {
  "fh run": `${FH} run -q --source poll -- `,
  "fh watch": `${FH} watch -q -e comm --source poll -- `,
};
/** Says that it has begun, and lasts. */
const LASTS = "sh -c 'echo began; exec sleep 60'";
/** Ends by itself when it is interrupted. */
const DEALS = `sh -c 'trap "exit 3" INT; echo began; while :; do sleep 0.05; done'`;

/** A shell that does `script` on a terminal of its own, its folder being where cores would lie. */
function shell(script: string): Running {
  return Running.start(["script", "-qec", `ulimit -c unlimited; ${script}`, "/dev/null"], {
    cwd: folder,
    env: { PATH: process.env["PATH"]!, SHELL: "/bin/bash", HOME: folder },
  });
}

const count = ({ stdout }: Running, word: string) => stdout.split(word).length - 1;

for (const [name, command] of Object.entries(COMMANDS)) {
  test(...unless(missing, `Ctrl-C below ${name} ends the shell's loop`), async () => {
    await using terminal = shell(loop(command + LASTS));
    await terminal.wrote("began");
    terminal.tell(CTRL_C);
    const { status } = await terminal.end();
    assert.equal(count(terminal, "began"), 1, terminal.stdout);
    assert.equal(count(terminal, "over"), 0, terminal.stdout);
    assert.equal(status, 130);
  });

  test(
    ...unless(missing, `Ctrl-C that the command of ${name} deals with ends no loop`),
    async () => {
      await using terminal = shell(loop(command + DEALS));
      for (const times of [1, 2, 3]) {
        await terminal.until(`start ${times}`, () => count(terminal, "began") === times);
        terminal.tell(CTRL_C);
      }
      assert.equal((await terminal.end()).status, 0);
      assert.equal(count(terminal, "status 3"), 3, terminal.stdout);
    },
  );

  test(
    ...unless(missing, `Ctrl-\\ below ${name} ends it by SIGQUIT, without a core of its own`),
    async () => {
      await using terminal = shell(`${command} sh -c 'ulimit -c 0; echo began; exec sleep 60'`);
      await terminal.wrote("began");
      terminal.tell(CTRL_BACKSLASH);
      assert.equal((await terminal.end()).status, 131);
      assert.ok(!existsSync(join(folder, "core")));
    },
  );
}

for (const [name, command] of Object.entries(COMMANDS)) {
  for (const signal of ["SIGTERM", "SIGUSR1"] as const) {
    test(`${signal} to ${name} alone ends its command, then it by that signal`, async () => {
      await using fh = Running.start(["sh", "-c", `exec ${command} ${LASTS}`]);
      await fh.wrote("began");
      const { status, stderr } = await fh.end(signal);
      assert.equal(status, null, "a signal has ended it");
      assert.equal(stderr, "");
    });
  }
}
