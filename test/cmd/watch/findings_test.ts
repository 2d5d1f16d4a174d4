/** `fh watch --findings`: what is wrong among the other events. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { BatchWriter } from "../../../src/model/batch.ts";
import { recordBatch, replay } from "../../../src/source/recording.ts";
import { exec, exit, fork, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";

const S = 1e9;
const EPOCH = { seconds: 1_700_000_000, ns: 0 };

/** A server that crashes seven times under a supervisor. */
function crashes(): string {
  const writer = new BatchWriter();
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  for (const event of scan(S, S, [init])) writer.add(event);
  writer.add(fork(2 * S, 10, 1));
  writer.add(exec(2 * S + 1000, 10, "/usr/bin/supervisor"));
  for (let i = 0; i < 7; i++) {
    const [at, pid] = [(10 + 2 * i) * S, 20 + i];
    writer.add(fork(at, pid, 10));
    writer.add(exec(at + 1000, pid, "/usr/bin/server", "--all"));
    writer.add(exit(at + S, pid, 11));
  }
  return recordBatch(writer.take(Infinity, EPOCH)!);
}

async function watch(...argv: readonly string[]): Promise<string[]> {
  const context = fakeContext({ capture: replay(crashes(), EPOCH) });
  assert.equal(await runCli(context, ["watch", ...argv]), 0, context.stderr.text);
  return context.stdout.lines;
}

test("a finding is told once when it begins, where it was found", async () => {
  const lines = await watch("--findings", "--color", "never");
  const at = lines.findIndex((line) => line.startsWith("finding: "));
  assert.match(lines[at]!, /^finding: server of root in .* crashes again and again: 5 times in /);
  assert.match(lines[at - 1]!, / exit .*SIGSEGV/);
  assert.equal(lines.filter((line) => line.startsWith("finding: ")).length, 1);
  const without = await watch("--color", "never");
  assert.deepEqual(without, lines.filter((line) => !line.startsWith("finding: ")));
});

test("in JSON it is an event of the stream", async () => {
  const events = (await watch("--findings", "--json")).map((line) => JSON.parse(line));
  const [finding, ...others] = events.filter(({ event }) => event === "finding");
  assert.deepEqual(others, []);
  const { kind, turn, count, time, name, pid, words } = finding;
  assert.deepEqual([kind, turn, count, name, pid], ["crash-loop", "begins", 5, "server", 24]);
  assert.equal(time, events.find(({ event, pid }) => event === "exit" && pid === 24).time);
  assert.match(words, /^server of root/);
});

test("a filter chooses whose findings are told", async () => {
  const told = async (...argv: readonly string[]) => {
    const lines = await watch("--findings", ...argv);
    return lines.filter((line) => line.startsWith("finding: ")).length;
  };
  assert.equal(await told("-c", "server", "--failed"), 1);
  assert.equal(await told("-c", "other"), 0);
});
