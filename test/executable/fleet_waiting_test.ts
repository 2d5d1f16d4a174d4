/** Questions that take long, on a terminal: what is told meanwhile, and how Ctrl-C ends them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "../../src/fleet/connection.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { FH } from "../support/executable.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { Running } from "../support/running.ts";
import { Tmux, tmuxMissing } from "../support/tmux.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const missing = missingPostgres ?? tmuxMissing;
const fleet = missing === null ? new TestFleet() : null!;

const folder = temporaryFolder("fh-waiting-");
const HOSTS = ["--host", "'*'"];
/** All that asks a fleet; what is asked for is there. */
const QUESTIONS: readonly string[] = [
  ["log", ...HOSTS],
  ["log", "--follow", ...HOSTS],
  ["log", "--tree", ...HOSTS],
  ["why", "web1:50"],
  ["why", "web1:sh"],
  ["tree", ...HOSTS, "--limit", "5"],
  ["tree", "web1:50"],
  ["account", ...HOSTS, "--by", "unit"],
  ["account", ...HOSTS, "--by", "job"],
  ["job", "list", "--all", ...HOSTS],
  ["job", "show", "web1:build"],
  ["job", "export", "web1:build"],
  ["trouble", ...HOSTS],
  ["report", "csv", ...HOSTS],
  ["report", "html", ...HOSTS, "-o", join(folder, "never.html")],
  ["report", "diff", "job:web1:build", "job:web1:build"],
  ["top", ...HOSTS],
  ["top", ...HOSTS, "-c", "sh"],
  ["top", ...HOSTS, "-n", "1"],
  ["fleet", "rare"],
  ["fleet", "compare", "web1"],
  ["fleet", "status"],
  ["fleet", "prune", "--keep", "30d"],
].map((words) => words.join(" "));

/** Nobody gets past these while they are held. */
const LOCKED = "fh.life, fh.program, fh.job, fh.finding";
const ASKING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fh' " +
  "AND usename <> 'holder' AND state = 'active'";

async function made(): Promise<void> {
  await fleet.init("web1", "web2");
  fleet.server.ask("CREATE ROLE holder SUPERUSER LOGIN");
  for (const host of ["web1", "web2"]) {
    using recorder = new TestRecorder();
    recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
    recorder.tell(fork(2 * S, 50, 1), exec(2 * S + 1e6, 50, "/bin/sh", "x.sh"));
    recorder.tell(fork(3 * S, 60, 50), exit(4 * S, 60, 0)).end();
    await fleet.ship(recorder.path, host);
  }
  // As if it were now: what is known reaches up to 4 s after the boot.
  await fleet.as("owner", (db) =>
    db.run(`
      UPDATE fh.host SET seen = now() + interval '1 h',
        reach = (extract(epoch FROM now()) * 1000000)::bigint;
      UPDATE fh.clock c SET epoch = (h.reach - 4 * 1000000::bigint) * 1000 FROM fh.boot b
        JOIN fh.host h ON h.id = b.host WHERE b.id = c.boot`));
}
const ready = missing === null ? made() : null;
const terminal = missing === null ? await Tmux.start(100, 30) : null!;
after(() => terminal?.[Symbol.dispose]());

/** Does something while nobody gets past the tables. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  await ready;
  const db = await Connection.open(fleet.server.url("holder"), {}, new AbortController().signal);
  try {
    await db.run(`BEGIN; LOCK TABLE ${LOCKED} IN ACCESS EXCLUSIVE MODE`);
    await work();
    await db.run("ROLLBACK");
  } finally {
    await db.close();
  }
}

const asked = (count: number) =>
  until(() => fleet.server.ask(ASKING) === `${count}`, `${count} ask`);

function begin(question: string): void {
  const env = `FH_PAGER=cat FH_FLEET='${fleet.server.url("owner")}'`;
  terminal.type(`clear; ${env} ${FH} ${question}; echo "status $?"`);
  terminal.keys("Enter");
}

for (const question of QUESTIONS) {
  const what = `fh ${question} tells that it waits, and Ctrl-C ends it on the server, too`;
  test(...unless(missing, what), async () => {
    await whileLocked(async () => {
      begin(question);
      await asked(1);
      await terminal.shows(/fh: asking the fleet: \d+ rows/);
      terminal.keys("C-c");
      await asked(0);
      await terminal.shows(/^status (?:0|1)\n/m);
      assert.doesNotMatch(terminal.screen(), /asking the fleet/);
    });
  });
}

test(
  ...unless(missing, "fh top that looks again is ended, and its screen is left as it was"),
  async () => {
    await ready;
    begin("top --host '*' --interval 100ms");
    await terminal.shows(/LAG +HOST/);
    const screen = terminal.screen();
    await whileLocked(async () => {
      await asked(1);
      // Longer than it takes until who waits is told elsewhere.
      await delay(1500);
      assert.doesNotMatch(terminal.screen(), /asking the fleet/);
      assert.equal(terminal.screen().includes("CPU%"), screen.includes("CPU%"));
      terminal.keys("C-c");
      await asked(0);
      await terminal.shows(/^status 0\n/m);
    });
  },
);

test(
  ...unless(missing, "a page that goes ends its questions, and so does the end of fh web"),
  async () => {
    await ready;
    const env = { PATH: process.env["PATH"] ?? "", FH_FLEET: fleet.server.url("owner") };
    const args = ["web", "--host", "*", "--user", "root", "--json"];
    await using web = Running.start([FH, ...args], { env });
    await web.startedWhen("it listens", () => web.stdout.includes("\n"));
    const { url, token } = JSON.parse(web.stdout) as { url: string; token: string };
    const ask = (op: string, params: Record<string, unknown>, signal: AbortSignal) =>
      fetch(new URL(`/api/${op}`, url), {
        ...{ method: "POST", body: JSON.stringify(params), signal },
        headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      }).then((answer) => answer.text(), String);
    await whileLocked(async () => {
      const questions: readonly (readonly [string, Record<string, unknown>])[] = [
        ["log", {}],
        ["why", { target: "50" }],
        ["tree", {}],
        ["account", {}],
        ["trouble", {}],
        ["job_list", { all: true }],
      ];
      for (const [op, params] of questions) {
        const leaving = new AbortController();
        const answer = ask(op, { ...params, host: "web1" }, leaving.signal);
        const over = answer.then((text) => text);
        await Promise.race([asked(1), over.then((text) => assert.fail(`${op}: ${text}`))]);
        leaving.abort();
        await asked(0);
      }
      const last = ask("log", {}, new AbortController().signal);
      await asked(1);
      await web.end("SIGINT");
      await asked(0);
      await last;
    });
  },
);
