import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RedactSettings } from "../../src/ask/text/redact.ts";
import { REDACT_OPTIONS } from "../../src/cli/redact_options.ts";
import { createRedactFrom } from "../../src/ask/text/redact.ts";
import { withRedactText } from "../../src/cmd/redact_text.ts";
import { runCli } from "../../src/commands.ts";
import { CommandError, UsageError } from "../../src/fault.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { fakeContext } from "../support/fake_output.ts";

const folder = temporaryFolder("fh-redact-");

function fileOf(text: string): string {
  const path = join(folder, "patterns");
  writeFileSync(path, text);
  return path;
}

async function redacted(settings: RedactSettings, line: string): Promise<string> {
  const bytes = new TextEncoder().encode(line.replaceAll(" ", "\0"));
  const redact = createRedactFrom(await withRedactText(settings, fakeContext())) ??
    ((argv) => argv);
  return new TextDecoder().decode(redact(bytes)).replaceAll("\0", " ");
}

async function complaint(settings: RedactSettings): Promise<CommandError> {
  try {
    createRedactFrom(await withRedactText(settings, fakeContext()));
  } catch (error) {
    assert.ok(error instanceof CommandError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it was taken" });
}

const LINE = "app --token t x=1 y=2";

test("createRedactFrom() hides secrets if nothing is said", async () => {
  for (const redact of [undefined, []] as const) {
    assert.equal(
      await redacted(redact === undefined ? {} : { redact }, LINE),
      "app --token *** x=1 y=2",
    );
  }
  assert.equal(createRedactFrom({ redact: false }), undefined);
});

test("createRedactFrom() takes patterns from options and from a file", async () => {
  assert.equal(await redacted({ redact: [/x=(\d)/, /y.*/] }, LINE), "app --token *** x=*** ***");
  const redactFile = fileOf("# numbers\n\n  # more\nx=(\\d)\r\n\t\n(?<=y=).$\n");
  assert.equal(await redacted({ redactFile }, LINE), "app --token *** x=*** y=***");
  assert.equal(
    await redacted({ redactFile, redact: [/app/] }, LINE),
    "*** --token *** x=*** y=***",
  );
});

test("createRedactFrom() names the line of a file that is bad", async () => {
  const path = fileOf("# comment\nx\n[a\n");
  const error = await complaint({ redactFile: path });
  assert.ok(error instanceof UsageError);
  assert.match(error.message, /patterns, line 3: Bad regular expression: \[a; \S/);
});

test("createRedactFrom() says why a file cannot be read", async () => {
  const path = join(folder, "none");
  const { status, message } = await complaint({ redactFile: path });
  assert.equal(status, 1);
  assert.equal(
    message,
    `Cannot read ${path}: ENOENT; give a readable file with a regular expression a line`,
  );
  assert.match((await complaint({ redactFile: folder })).message, /: it is a folder; /);
});

test("createRedactFrom() does not take patterns for what is not hidden", async () => {
  assert.match(
    (await complaint({ redact: false, redactFile: fileOf("x") })).message,
    /^Bad options: --no-redact with --redact-file; /,
  );
});

test("the options are those of all commands that read command lines", async () => {
  assert.equal(REDACT_OPTIONS.length, 3);
  for (const command of ["watch", "tree", "record"]) {
    const context = fakeContext();
    assert.equal(await runCli(context, [command, "--redact", "(", "--no-redact"]), 2);
    assert.match(context.stderr.text, /^fh: Bad regular expression: \(; /);
  }
});
