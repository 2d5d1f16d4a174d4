import assert from "node:assert/strict";
import { test } from "node:test";
import { Finding, NO_FACTS } from "../../src/detect/finding.ts";
import { Image, NO_IMAGE } from "../../src/model/image.ts";
import { Process } from "../../src/model/process.ts";
import { troubleCommand, troubleFields, troubleSentence } from "../../src/view/trouble.ts";

const S = 1e9;
const encode = (text: string) => new TextEncoder().encode(text);
const WORDS = { users: { name: () => "root" } as never, timeOf: () => "03:00" };

function failing(comm: string, ...argv: readonly string[]): Finding {
  const process = new Process(77, S, 0);
  process.start = S;
  process.status = 7 << 8;
  process.uid = 0;
  process.image = new Image({
    ...NO_IMAGE.parts,
    comm: encode(comm),
    argv: encode(argv.map((word) => `${word}\0`).join("")),
  });
  const finding = new Finding("failing", "failing-1", process, S);
  finding.count = 3;
  finding.facts = { ...NO_FACTS, everyNs: 60 * S };
  return finding;
}

const sentence = (...of: Parameters<typeof failing>) => troubleSentence(failing(...of), WORDS);

test("a job that is a line of a shell is called by that line", () => {
  assert.match(
    sentence("sh", "/bin/sh", "-c", "cd /srv && ./backup"),
    /^\/bin\/sh -c 'cd \/srv && \.\/backup' of root fails each time, or nearly: 3 times every /,
  );
  assert.match(sentence("sh", "sh", "/srv/backup.sh"), /^backup\.sh of root fails/);
  assert.match(sentence("sh", "sh", "-c", "x".repeat(500)), /^sh -c x{57}… of root fails/);
  assert.match(sentence("sh", "sh", "-c", "\x1b[2J\n"), /^sh -c \$'\\033\[2J\\n' of root fails/);
});

test("a command that shows more of it names no shell, which everybody runs", () => {
  assert.match(troubleCommand(failing("sh", "sh", "-c", "./backup")), /^fh why \S*-77-/);
});

test("the command is of the host, whatever that is called", () => {
  const command = (host: string) => {
    const finding = failing("sh", "sh", "-c", "./backup");
    (finding.process as { boot: unknown }).boot = {
      host,
      moment: () => 0,
    };
    return troubleCommand(finding);
  };
  assert.match(command("web1"), /^fh why --host web1 /);
  assert.match(command("web1#2"), /^fh why --host '?web1#2'? /, "another of that name");
  assert.match(command("a b\n;rm"), /^fh why --host \$'a b\\n;rm' /);
});

test("what hooks are given as its name stays the name", () => {
  assert.equal(troubleFields(failing("sh", "sh", "-c", "./backup"), WORDS)["FH_NAME"], "sh");
});
