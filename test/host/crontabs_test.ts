import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readCrontabs } from "../../src/host/crontabs.ts";

test("readCrontabs() reads what there is, and waits for nobody", () => {
  const root = mkdtempSync(join(tmpdir(), "fh-crontabs-"));
  try {
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    assert.deepEqual(readCrontabs(root), []);
    write("etc/crontab", "a");
    write("etc/cron.d/b", "b");
    write("etc/anacrontab", "c");
    write("var/spool/cron/crontabs/ann", "d");
    write("etc/cron.d/huge", "x".repeat((1 << 20) + 1));
    for (const name of ["b~", ".b", "#b#", "b.dpkg-old", "b.rpmsave"]) {
      write(`etc/cron.d/${name}`, "x");
    }
    assert.equal(spawnSync("mkfifo", [join(root, "etc/cron.d/pipe")]).status, 0);
    const found = readCrontabs(root).map(({ path, text, form, user }) => {
      return [path.slice(root.length), text, form, user];
    });
    assert.deepEqual(found, [
      ["/etc/crontab", "a", "system", null],
      ["/etc/cron.d/b", "b", "system", null],
      ["/etc/anacrontab", "c", "anacron", "root"],
      ["/var/spool/cron/crontabs/ann", "d", "user", "ann"],
    ]);
    write("etc/cron.d/a.b", "e");
    assert.equal(readCrontabs(root).length, 5);
    // cron(8) of Debian takes no name with a dot.
    write("etc/debian_version", "12.0");
    assert.equal(readCrontabs(root).length, 4);
    // Users' names may have one.
    for (const name of ["john.doe", "svc@corp", "tmp.x7Jq"]) {
      write(`var/spool/cron/crontabs/${name}`, "f");
    }
    assert.deepEqual(readCrontabs(root).flatMap(({ user }) => user ?? []), [
      "root",
      "ann",
      "john.doe",
      "svc@corp",
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
