import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { completionCommand } from "../../src/cli/completion.ts";
import { asText, opt } from "../../src/cli/option.ts";
import { COMMANDS } from "../../src/commands.ts";
import { UsageError } from "../../src/fault.ts";
import { fakeContext } from "../support/fake_output.ts";

const command = completionCommand(() => COMMANDS);

async function script(shell: string): Promise<string> {
  const context = fakeContext();
  assert.equal(await command.run(context, [shell], {}), 0);
  return context.stdout.text;
}

function has(shell: string): boolean {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0;
}

/** What bash offers after `words`; the last one is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const line = `${await script("bash")}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_fh
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line, "bash", ...words], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash takes the script, and uses it for fh", async () => {
  const line = `${await script("bash")}\ncomplete -p fh`;
  const { stdout, stderr } = spawnSync("bash", ["-euc", line], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.match(stdout, /-F _fh fh/);
});

test("bash offers commands, also after options of the program", async () => {
  assert.deepEqual(await offered("fh", "wa"), ["watch"]);
  assert.deepEqual(await offered("fh", "--json", "--source", "poll", "tr"), ["tree"]);
  assert.deepEqual(await offered("fh", "help", "do"), ["doctor"]);
  const all = await offered("fh", "");
  for (const { name } of COMMANDS) assert.ok(all.includes(name));
});

test("bash offers the options of the command", async () => {
  assert.deepEqual(await offered("fh", "watch", "--mi"), ["--min-duration"]);
  assert.deepEqual(await offered("fh", "watch", "--js"), ["--json"]);
  assert.deepEqual(await offered("fh", "tree", "--mi"), []);
});

test("bash offers values", async () => {
  assert.deepEqual(await offered("fh", "watch", "--source", "c"), ["connector"]);
  assert.deepEqual(await offered("fh", "--color", "n"), ["never"]);
  assert.deepEqual(await offered("fh", "watch", "--source", "=", "p"), ["poll"]);
  assert.deepEqual(await offered("fh", "watch", "--color", "="), ["auto", "always", "never"]);
  assert.deepEqual(await offered("fh", "watch", "-e", "co"), ["comm", "coredump"]);
  assert.deepEqual(await offered("fh", "watch", "-p", ""), []);
  assert.deepEqual(await offered("fh", "completion", "z"), ["zsh"]);
});

test("bash offers programs after --, and none of fh's options behind them", async () => {
  assert.ok((await offered("fh", "watch", "--", "print")).includes("printf"));
  assert.deepEqual(await offered("fh", "watch", "--", "ls", "--js"), []);
});

for (const shell of ["zsh", "fish"]) {
  const skip = !has(shell);
  const why = skip ? ` (skipped: no ${shell} on this machine)` : "";
  test(`${shell} takes the script${why}`, { skip }, async () => {
    const { status, stderr } = spawnSync(shell, ["-n"], {
      input: await script(shell),
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
  });
}

test("descriptions with quotes and brackets stay within their quotes", async () => {
  const odd = completionCommand(() => [{
    ...command,
    name: "odd",
    summary: "it's [odd]: $(x)",
    options: [opt("-o, --odd <x>", asText, "it's [odd]: $(x)", ["a"])],
  }]);
  for (
    const [shell, pattern] of [["zsh", "it'\\''s \\[odd\\]\\: $(x)"], ["fish", "it'\\''s [odd]"]]
  ) {
    const context = fakeContext();
    await odd.run(context, [shell!], {});
    assert.ok(context.stdout.text.includes(pattern!), context.stdout.text);
  }
});

test("a shell that is not known is wrong usage", () => {
  assert.throws(() => command.run(fakeContext(), ["tcsh"], {}), UsageError);
});
