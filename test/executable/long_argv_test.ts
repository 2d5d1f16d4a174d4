/** What becomes of command lines that are longer than what is kept of them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh } from "../support/executable.ts";
import { startRecorder } from "../support/recorded.ts";

const KIB = 1024;
const folder = temporaryFolder("fh-long-");

/** Lives long enough for the poller, below a stack limit that allows 6 MiB of arguments. */
const LONG = "ulimit -s unlimited; x=$(head -c 120000 /dev/zero | tr '\\0' x); set --; i=0; " +
  'while [ $i -lt 18 ]; do set -- "$@" $x; i=$((i + 1)); done; ' +
  "for i in 1 2 3 4 5; do bash -c 'sleep 0.1; :' marked $i \"$@\"; done";

interface Event {
  readonly argv: readonly string[] | null;
  readonly argv_missing?: number;
}

/** Bytes of the command line of {@linkcode LONG}. */
const WHOLE = "bash\0-c\0sleep 0.1; :\0marked\x001\0".length + 18 * 120_001;

async function recordLong(name: string, ...options: string[]): Promise<[string, Event[]]> {
  const home = mkdtempSync(join(folder, `${name}-`));
  const db = join(home, "history.db");
  await using fh = await startRecorder(db, options);
  assert.equal(spawnSync("bash", ["-c", LONG]).status, 0);
  const { status, stderr } = await fh.end("SIGTERM");
  assert.equal(status, 0, stderr);
  const { stdout } = runFh(["log", "--json", "--db", db, "-e", "exec", "-c", "bash"]);
  const events: Event[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  return [home, events.filter(({ argv }) => argv?.[3] === "marked")];
}

test("64 KiB of a command line are kept, and the rest is counted, everywhere", async () => {
  const [home, events] = await recordLong("default");
  assert.equal(events.length, 5);
  for (const { argv, argv_missing: missing = 0 } of events) {
    const kept = argv!.join("\0").length;
    assert.ok(kept === 64 * KIB || kept === 64 * KIB - 1, `${kept}`);
    assert.ok(Math.abs(kept + missing - WHOLE) <= 1, `${kept} + ${missing}`);
  }
  const bytes = readdirSync(home).reduce((sum, file) => sum + statSync(join(home, file)).size, 0);
  assert.ok(bytes < 4 << 20, `${bytes}`);
  const { stdout } = runFh(["log", "--db", join(home, "history.db"), "-c", "bash"]);
  assert.ok(stdout.includes(" [2.0 MiB more]"));
});

test("--max-argv says how much is kept", async () => {
  const [, events] = await recordLong("some", "--max-argv", "4K");
  assert.equal(events.length, 5);
  for (const { argv } of events) assert.ok(argv!.join("\0").length <= 4 * KIB);
  for (const size of ["1", "4095", "9M"]) {
    const { status, stderr } = runFh(["record", "--max-argv", size]);
    assert.deepEqual([status, stderr], [2, `fh: Bad size: ${size}; give 4K to 8M\n`]);
  }
});
