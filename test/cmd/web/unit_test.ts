/** The unit of `fh web`, and what systemd says of it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { helpText } from "../../../src/cli/help.ts";
import { webCommand } from "../../../src/cmd/web/command.ts";
import { unless } from "../../support/unless.ts";

const PATH = fileURLToPath(new URL("../../../contrib/systemd/fh-web.service", import.meta.url));
const unit = readFileSync(PATH, "utf8");
const { stdout } = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
const version = Number(/^systemd (\d+)/.exec(stdout ?? "")?.[1] ?? 0);
const missing = version >= 250 ? null : "needs systemd-analyze 250";

test(...unless(missing, "systemd finds nothing wrong with the unit, and takes it for safe"), () => {
  const verify = spawnSync("systemd-analyze", ["verify", PATH], { encoding: "utf8" });
  const said = `${verify.stdout}${verify.stderr}`.split("\n")
    .filter((line) => line.includes("fh-web"));
  assert.deepEqual(said, []);
  const security = spawnSync("systemd-analyze", ["security", "--offline=true", PATH], {
    encoding: "utf8",
  });
  const level = /Overall exposure level for fh-web.service: ([\d.]+)/.exec(security.stdout)?.[1];
  assert.ok(Number(level) < 2, `${level}`);
});

test("the unit gives options that there are, and keeps the URL out of the journal", () => {
  const line = /^ExecStart=(.*)$/m.exec(unit)![1]!;
  const help = helpText([{ name: "fh", summary: "", actions: [webCommand] }, webCommand]);
  const options = line.match(/--[\w-]+/g)!;
  assert.ok(options.length > 2);
  for (const option of options) assert.ok(help.includes(option), option);
  assert.match(line, /umask 077 && exec .* >\/run\/fh-web\/url'$/);
  assert.match(unit, /^CapabilityBoundingSet=$/m);
});
