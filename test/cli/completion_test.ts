import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { completionCommand } from "../../src/cli/completion.ts";
import { UsageError } from "../../src/fault.ts";
import { fakeContext } from "../support/fake_output.ts";
import { unless } from "../support/unless.ts";

async function script(shell: string): Promise<string> {
  const context = fakeContext();
  assert.equal(await completionCommand.run(context, [shell], {}), 0);
  return context.stdout.text;
}

for (const shell of ["bash", "zsh", "fish"]) {
  const missing = spawnSync(shell, ["-c", "exit 0"]).status === 0
    ? null
    : `no ${shell} on this machine`;
  test(...unless(missing, `${shell} takes the script`), async () => {
    const { status, stderr } = spawnSync(shell, ["-n"], {
      input: await script(shell),
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
  });
}

test("bash uses the script for fh, also where it stops at what is wrong", async () => {
  const line = `${await script("bash")}\ncomplete -p fh`;
  const { stdout, stderr } = spawnSync("bash", ["-euc", line], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.match(stdout, /^complete -F _fh fh$/m);
});

test("a shell that is not known is wrong usage", () => {
  assert.throws(() => completionCommand.run(fakeContext(), ["tcsh"], {}), UsageError);
});
