/** The examples of hooks do what they say, as far as that can be seen here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./support/at_end.ts";

const HOOKS = fileURLToPath(new URL("../contrib/hooks/", import.meta.url));
const folder = temporaryFolder("fh-contrib-hooks-");
const JSON_LINE = '{"kind":"crash-loop"}\n';

/** Runs a hook beside programs that write down how they were called. */
function run(name: string, turn: string): string {
  const out = join(folder, `${name}-${turn}`);
  for (const program of ["logger", "mail", "curl"]) {
    const text = `#!/bin/sh\n{ printf '<%s>' ${program} "$@"; echo; cat; } > '${out}'\n`;
    writeFileSync(join(folder, program), text);
    chmodSync(join(folder, program), 0o755);
  }
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    FH_KIND: "crash-loop",
    FH_TURN: turn,
    FH_WORDS: "-x $(boo) `a` crashes",
    FH_COMMAND: "fh log",
    FH_NAME: "x",
  };
  const { status } = spawnSync(join(HOOKS, name), [], { env, input: JSON_LINE });
  if (name !== "webhook") assert.equal(status, 0);
  try {
    return readFileSync(out, "utf8");
  } catch {
    return "";
  }
}

test("each example is tried", () => {
  assert.deepEqual(readdirSync(HOOKS).sort(), ["journal", "mail", "webhook"]);
});

test("journal gives a message as one word, whatever is in it", () => {
  assert.match(
    run("journal", "ends"),
    /<--><crash-loop ends: -x \$\(boo\) `a` crashes \(fh log\)>/,
  );
});

test("mail tells what begins, with the JSON below", () => {
  assert.equal(run("mail", "ends"), "");
  const mail = run("mail", "begins");
  assert.match(mail, /^<mail><-s><fh on .*: crash-loop x><root>\nfh: -x \$\(boo\) `a` crashes\n/);
  assert.ok(mail.endsWith(`\n  ${JSON_LINE}`));
});

test("webhook posts the JSON", () => {
  assert.match(run("webhook", "begins"), /^<curl>.*<--data-binary><@->.*\n\{"kind":"crash-loop"\}/);
});
