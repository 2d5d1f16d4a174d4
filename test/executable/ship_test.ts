/** A host's history to NATS and to a collector, with dist/fh, real servers and the real kernel. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { TestCollector } from "../support/collector.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { missingNats, Nats, type StreamMessage } from "../support/nats.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const missing = process.getuid!() === 0 ? null : "needs root";
const ROUNDS = 3;
const SECRET = "hunter2hunter2";
const LOAD = "for i in 1 2 3 4 5 6 7 8 9; do sh -c \"sh -c 'true $i; exit 3'; true\"; done";

function envOf(folder: string): Record<string, string> {
  const { PATH = "" } = process.env;
  return { PATH, HOME: folder, FH_DB: join(folder, "history.db") };
}

async function record(env: Record<string, string>): Promise<Running> {
  const recorder = Running.start([FH, "record", "--no-socket"], { env });
  return await recorder.startedWhen("it records", () => recorder.stderr.includes("recording to"));
}

function load(): void {
  assert.equal(runProgram("sh", ["-c", LOAD]).status, 0);
  // It stays for long enough to be read, however busy the host is.
  runProgram("sh", ["-c", "sleep 0.3", "--", `--password=${SECRET}`]);
}

/** What `fh log` says of all ends and gaps. */
// deno-lint-ignore no-explicit-any
function logged(env: Record<string, string>): any[] {
  const { stdout } = runFh(["log", "--json", "--since", "1h"], { env });
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ event }) => event !== "info");
}

test(
  ...unless(missing ?? missingNats, "every life is in a stream once, whoever is killed on the way"),
  async () => {
    const env = envOf(temporaryFolder("fh-ship-"));
    await using server = await Nats.start();
    await server.make("PROC");
    await using recorder = await record(env);
    const words = ["ship", "--to", server.url("PROC"), "--host-name", "web1"];
    let shipper = Running.start([FH, ...words], { env });
    try {
      for (let round = 0; round < ROUNDS; round++) {
        load();
        await server.kill();
        load();
        await server.startAgain();
        load();
        shipper.kill("SIGKILL");
        load();
        await shipper[Symbol.asyncDispose]();
        shipper = Running.start([FH, ...words], { env });
        await shipper.until("it ships", () => shipper.stderr.includes("ships to"));
      }
      const { status } = await shipper.end("SIGINT");
      assert.equal(status, 0);
    } finally {
      await shipper[Symbol.asyncDispose]();
    }
    await recorder.end("SIGINT");
    await using last = Running.start([FH, ...words, "--once"], { env });
    const { status, stderr } = await last.end();
    assert.equal(status, 0, stderr);
    const found: StreamMessage[] = await server.messages("PROC");
    assert.ok(!JSON.stringify(found).includes(SECRET));
    const all = logged(env);
    const byTime = (a: { time: string; id?: string }, b: { time: string; id?: string }) =>
      a.time.localeCompare(b.time) || (a.id ?? "").localeCompare(b.id ?? "");
    const lines = found.map(({ line: { host, ...rest } }) => {
      assert.equal(host, "web1");
      return rest;
    });
    assert.ok(all.filter(({ exit_code }) => exit_code === 3).length >= 9 * 4 * ROUNDS);
    assert.deepEqual(lines.sort(byTime), all.sort(byTime));
    assert.equal(new Set(found.map(({ id }) => id)).size, found.length);
  },
);

test(...unless(missing, "a collector gets the lives of a host"), async () => {
  const env = envOf(temporaryFolder("fh-ship-"));
  await using collector = await TestCollector.start();
  await using recorder = await record(env);
  load();
  await recorder.end("SIGINT");
  await using shipper = Running.start([FH, "ship", "--to", collector.url, "--once"], { env });
  const { status, stderr } = await shipper.end();
  assert.equal(status, 0, stderr);
  assert.ok(!JSON.stringify(collector.logs).includes(SECRET));
  assert.ok(JSON.stringify(collector.logs).includes("--password=***"));
  const ids = collector.logs.filter(({ eventName }) => eventName === "fh.process.exit")
    .map(({ attributes }) => attributes["fh.process.id"]);
  const ended = logged(env).filter(({ event }) => event === "exit").map(({ id }) => id);
  assert.deepEqual(ids.sort(), ended.sort());
});
