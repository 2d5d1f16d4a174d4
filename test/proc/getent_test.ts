import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasNameServices, openGetent } from "../../src/proc/getent.ts";

test("hasNameServices() finds more than the file in nsswitch.conf", () => {
  for (
    const [text, more] of [
      ["passwd: files\n", false],
      ["# passwd: files ldap\n", false],
      ["passwd:\tfiles [NOTFOUND=return]\n", false],
      ["", false],
      ["group: files sss\npasswd: files systemd\n", true],
      ["  passwd : sss files\n", true],
      ["passwd: compat # NIS\n", true],
      ["passwd: files # ldap\n", false],
      ["passwd: files [!UNAVAIL=return] winbind", true],
    ] as const
  ) assert.equal(hasNameServices(text), more, text);
});

/** A program that stands for getent(1). */
async function withProgram(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fh-getent-"));
  const path = join(folder, "getent");
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  // What is asked for later keeps nobody from ending.
  const stays = setInterval(() => {}, 1000);
  try {
    await use(path);
  } finally {
    clearInterval(stays);
    rmSync(folder, { recursive: true });
  }
}

test("getent is asked by its arguments, in the language that all speak", async () => {
  await withProgram('echo "$*:$LC_ALL"; exit 2', async (path) => {
    const door = openGetent(path);
    assert.equal(door.now(["ann", "5"], 20_000), "passwd ann 5:C\n");
    assert.equal(await door.later(["$(id)", "a b"]), "passwd $(id) a b:C\n");
  });
});

test("a directory that does not answer is given up", async () => {
  await withProgram("exec sleep 60", async (path) => {
    const began = performance.now();
    assert.equal(openGetent(path).now(["ann"], 50), "");
    assert.equal(await openGetent(path, 50).later(["ann"]), "");
    assert.ok(performance.now() - began < 30_000);
  });
});

test("a program that cannot be started has no answer", async () => {
  const door = openGetent("/nonexistent/getent");
  assert.equal(door.now(["ann"], 1000), "");
  assert.equal(await door.later(["ann"]), "");
});
