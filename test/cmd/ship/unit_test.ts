/** The unit of `fh ship`, and what systemd says of it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../support/at_end.ts";
import { unless } from "../../support/unless.ts";

const PATH = fileURLToPath(new URL("../../../contrib/systemd/fh-ship.service", import.meta.url));
const unit = readFileSync(PATH, "utf8");
const { stdout } = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
const version = Number(/^systemd (\d+)/.exec(stdout ?? "")?.[1] ?? 0);
const missing = version >= 250 ? null : "needs systemd-analyze 250";

test(...unless(missing, "systemd finds nothing wrong with the unit, and takes it for safe"), () => {
  // It wants a program that is there.
  const path = join(temporaryFolder("fh-ship-unit-"), "fh-ship.service");
  writeFileSync(path, unit.replaceAll("/usr/local/bin/fh", "/bin/true"));
  const verify = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
  const said = `${verify.stdout}${verify.stderr}`.split("\n")
    .filter((line) => line.includes("fh-ship"));
  assert.deepEqual(said, []);
  const security = spawnSync("systemd-analyze", ["security", "--offline=true", path], {
    encoding: "utf8",
  });
  const level = /Overall exposure level for fh-ship.service: ([\d.]+)/.exec(security.stdout)?.[1];
  assert.ok(Number(level) < 3, `${level}`);
});

test("the unit has no secret in a command line, and starts nothing that is not set up", () => {
  assert.match(unit, /^LoadCredential=fh-fleet-password$/m);
  assert.match(unit, /^ConditionPathExists=\/etc\/fh\/ship\.env$/m);
  assert.match(unit, /^ExecStart=\/usr\/local\/bin\/fh ship$/m);
  assert.match(unit, /^CapabilityBoundingSet=$/m);
});
