import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh } from "../support/executable.ts";
import { startRecorder } from "../support/recorded.ts";

const folder = temporaryFolder("fh-secret-");

/** Lives long enough for the poller, and has what is to be hidden. */
const SCRIPT = ["-c", "sleep 0.1; :", "marked", "--password=hunter2", "ticket-4711", "badge-42"];

/** Records that script; the bytes of the file, and the command lines `fh log` shows of it. */
async function recordScript(name: string, ...options: string[]): Promise<[string, unknown]> {
  const home = mkdtempSync(join(folder, `${name}-`));
  const db = join(home, "history.db");
  await using fh = await startRecorder(db, options);
  spawnSync("sh", SCRIPT);
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  const files = readdirSync(home).map((file) => readFileSync(join(home, file), "latin1"));
  const { stdout } = runFh(["log", "--json", "--db", db, "-e", "exec", "-c", "sh"]);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const marked = events.filter(({ argv }) => argv === null || argv.includes("marked"));
  return [files.join("\n"), marked.at(-1)?.argv];
}

test("fh record stores no secret", async () => {
  const [bytes, argv] = await recordScript("default");
  assert.deepEqual(argv, ["sh", ...SCRIPT.with(3, "--password=***")]);
  assert.ok(!bytes.includes("hunter2"));
  assert.ok(bytes.includes("ticket-4711"));
});

test("fh record hides what is named, and stores all with --no-redact", async () => {
  const file = join(folder, "patterns");
  writeFileSync(file, "# of the door\nbadge-(\\d+)\n");
  const [bytes, argv] = await recordScript("own", "--redact", "ticket-\\d+", "--redact-file", file);
  assert.deepEqual((argv as string[]).slice(-3), ["--password=***", "***", "badge-***"]);
  assert.ok(!/hunter2|ticket-4711|badge-42/.test(bytes));
  const [plain] = await recordScript("plain", "--no-redact");
  assert.ok(plain.includes("hunter2"));
});

test("fh record --no-argv stores no command line", async () => {
  const [bytes, argv] = await recordScript("none", "--no-argv");
  assert.equal(argv, null);
  assert.ok(!/marked|ticket-4711/.test(bytes));
});
