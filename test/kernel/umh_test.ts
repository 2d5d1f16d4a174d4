/** Programs that the kernel starts by itself: a hierarchy of control groups has such an agent. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { treeCommand } from "../../src/cmd/tree/command.ts";
import { whyCommand } from "../../src/cmd/why/command.ts";
import { fakeContext } from "../support/fake_output.ts";
import { Mounted, mountsMissing } from "../support/mounts.ts";
import { run } from "../support/observe.ts";

const WAIT_MS = 20_000;
const NAME = `fh-test-${process.pid}`;
const missing = mountsMissing ?? tryHierarchy();

function tryHierarchy(): string | null {
  try {
    Mounted.cgroups(`${NAME}-try`)[Symbol.dispose]();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Has the kernel start a program that sleeps; its pid. */
async function startAgent(hierarchy: string, folder: string): Promise<number> {
  const [agent, told] = [join(folder, "agent"), join(folder, "pid")];
  writeFileSync(agent, `#!/bin/sh\necho $$ > ${told}.new; mv ${told}.new ${told}; exec sleep 30\n`);
  chmodSync(agent, 0o755);
  writeFileSync(join(hierarchy, "release_agent"), agent);
  const group = join(hierarchy, "group");
  mkdirSync(group);
  writeFileSync(join(group, "notify_on_release"), "1");
  await run("sh", ["-c", `echo $$ > ${group}/cgroup.procs`]);
  const end = performance.now() + WAIT_MS;
  const sleeps = () => {
    if (!existsSync(told)) return false;
    return readFileSync(`/proc/${Number(readFileSync(told, "utf8"))}/comm`, "utf8") === "sleep\n";
  };
  while (!sleeps()) {
    assert.ok(performance.now() < end, "the kernel did not start its agent");
    await delay(10);
  }
  rmdirSync(group);
  return Number(readFileSync(told, "utf8"));
}

test(
  `a program that the kernel started is shown, and told of${missing ? ` (${missing})` : ""}`,
  { skip: missing !== null },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "fh-umh-"));
    using hierarchy = Mounted.cgroups(NAME);
    try {
      const pid = await startAgent(hierarchy.folder, folder);
      try {
        const env = { LANG: "C.UTF-8", FH_DB: "/nonexistent/history.db" };
        const tree = fakeContext({ env });
        await treeCommand.run(tree, [], { fold: false });
        const chains = tree.stdout.text.split(/^(?=2 \[kthreadd\]$)/m)[1] ?? "";
        assert.match(chains, new RegExp(`─ ${pid} sleep 30$`, "m"));
        const why = fakeContext({ env });
        await whyCommand.run(why, [String(pid)], { color: "never" });
        assert.match(why.stdout.text, /^[^\n]+: the kernel started it; /);
      } finally {
        process.kill(pid);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
