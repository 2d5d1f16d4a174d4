/** A fleet of three hosts, with dist/fh and a real PostgreSQL, answers as each of them does. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Connection } from "../../src/fleet/connection.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, type Outcome, runFh, runProgram } from "../support/executable.ts";
import { missingPostgres, Postgres } from "../support/postgres.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const missing = missingPostgres ?? (process.getuid!() === 0 ? null : "needs root");
const folder = missing === null ? temporaryFolder("fh-asking-") : "";
const server = missing === null ? new Postgres() : null!;
const HOSTS = ["web1", "web2", "db1"] as const;

/** What each host does, beside what all of them do. */
const LOADS: Readonly<Record<string, string>> = {
  web1: "for i in 1 2 3 4 5 6 7 8 9; do sh -c 'exit 3'; done",
  web2: "sh -c 'true only-here'; for i in 1 2 3 4 5 6; do sh -c 'kill -SEGV $$'; done",
  db1: "/bin/true a; /bin/true b; /bin/true c",
};

function envOf(host: string): Record<string, string> {
  const { PATH = "" } = process.env;
  const own = { FH_DB: join(folder, host, "history.db"), FH_SOCKET: join(folder, host, "fh.sock") };
  return { PATH, HOME: folder, ...own, TZ: "UTC" };
}

/** Asks the fleet. */
function fleet(...args: string[]): Outcome {
  const env = { ...envOf("nobody"), FH_FLEET: server.url("reader") };
  return runFh(args, { env });
}

function done({ status, stdout, stderr }: Outcome, expected = 0): string {
  assert.equal(status, expected, stderr);
  return stdout;
}

/** Records a load as a host that has a job, and ships it. */
async function record(host: string): Promise<void> {
  mkdirSync(join(folder, host), { mode: 0o700 });
  await using recorder = Running.start([FH, "record"], { env: envOf(host) });
  await recorder.startedWhen("it listens", () => recorder.stderr.includes("listening on"));
  const load =
    `${FH} job create build; sh -c '${FH} job add build $$; sh -c "true job; exit 7"'; ` +
    `sh -c "sh -c 'exit 5'; true"; ${LOADS[host]}; true`;
  done(runProgram("sh", ["-c", load], { env: envOf(host) }));
  await recorder.end("SIGINT");
  const to = ["ship", "--to", server.url(host), "--host-name", host, "--once"];
  done(runFh(to, { env: envOf(host) }));
}

const made = missing === null
  ? (async () => {
    const names = HOSTS.flatMap((host) => ["--host", host]);
    const env = { ...envOf("nobody"), FH_FLEET: server.url("owner") };
    done(runFh(["fleet", "init", ...names, "--reader", "reader", "-q"], { env }));
    for (const host of HOSTS) await record(host);
    return new Date().toISOString();
  })()
  : null!;

/** Fields in which answers differ: where it was, what is not known there, what is noted. */
const OWN = new Set(["host", "user", "title", "cpus", "notes", "same"]);

/** Each line of JSON without them, byte for byte; sentences and commands name the host as well. */
function bare(text: string): string[] {
  const named = new RegExp(`^(?:${HOSTS.join("|")}): | --host (?:${HOSTS.join("|")})`, "g");
  return text.trimEnd().split("\n").map((line) =>
    JSON.stringify(parse(line, (key, value) => {
      if (OWN.has(key)) return undefined;
      const { ended, duration_ns: _, state: _state, started: _started, ...rest } = Object(value);
      // Of who lives the host tells the state, and the start by the clock as it stands now.
      if (ended === null && Array.isArray(rest["argv"])) return rest;
      return key === "words" || key === "command" ? String(value).replaceAll(named, "") : value;
    }))
  );
}

function parse(line: string, revive: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(line, revive);
  } catch {
    throw new Error(`no JSON: ${line}`);
  }
}

/** What a host says, by its own history; of trouble the status tells, too. */
function own(host: string, ...args: string[]): string {
  return said(runFh(args, { env: envOf(host) }), `${host}: ${args.join(" ")}`);
}

function said({ stdout, stderr, status }: Outcome, what: string): string {
  assert.ok(status === 0 || status === 1, `${what}: ${stderr}`);
  assert.ok(stdout.length > 20, `${what}: ${stderr}`);
  return stdout;
}

test(...unless(missing, "the fleet answers of a host what that answers itself"), async () => {
  const end = await made;
  const all = ["--since", "1h", "--until", end, "--json"];
  const questions = [
    ["log", "-e", "fork,exec,exit", ...all],
    ["log", "-m", "exit", "--failed", ...all],
    ["log", "-p", "PARENT", ...all],
    ["log", "--min-duration", "1ms", "--reverse", ...all],
    ["tree", ...all.slice(0, -1), "--json=flat"],
    ...["command", "parent", "user", "unit", "container", "exit", "job"].map((by) => {
      return ["account", "--by", by, "--failed", ...all].filter((one) => {
        return by !== "job" || one !== "--failed";
      });
    }),
    ["trouble", ...all],
    ["report", "json", "--since", "1h", "--until", end],
    ["report", "json", "--job", "build"],
    ["job", "list", "--all", "--json"],
    ["job", "show", "build", "--json"],
  ];
  for (const host of HOSTS) {
    const [line] = own(host, "log", "-m", "exit 5", ...all).split("\n");
    const { id } = JSON.parse(line!) as { id: string };
    for (const one of [...questions, ["why", id, "--json"]]) {
      const question = one.map((word) => word === "PARENT" ? id : word);
      const here = bare(own(host, ...question));
      const asked = `${host}: ${question.join(" ")}`;
      const there = said(fleet(...question, "--host", host), asked);
      assert.deepEqual(bare(there), here, asked);
    }
  }
});

test(...unless(missing, "of many hosts it answers what each of them does"), async () => {
  const end = await made;
  const all = ["--since", "1h", "--until", end, "--json"];
  for (
    const question of [["log", "-m", "true|exit", ...all], ["job", "list", "--all", "--json"]]
  ) {
    const told = done(fleet(...question, "--host", "*")).trimEnd().split("\n");
    const hosts = told.map((line) => (JSON.parse(line) as { host: string }).host);
    assert.deepEqual([...new Set(hosts)].sort(), [...HOSTS].sort());
    const each = HOSTS.flatMap((host) => bare(own(host, ...question)));
    assert.deepEqual(bare(told.join("\n")).sort(), each.sort());
  }
  type Trouble = { findings: { host: string }[] };
  const found = JSON.parse(fleet("trouble", ...all, "--host", "*").stdout) as Trouble;
  const bareFinding = (one: unknown) => bare(JSON.stringify(one))[0]!;
  const each = HOSTS.flatMap((host) => {
    return (JSON.parse(own(host, "trouble", ...all)) as Trouble).findings;
  });
  assert.ok(each.length > 0);
  assert.deepEqual(found.findings.map(bareFinding).sort(), each.map(bareFinding).sort());
  assert.deepEqual(new Set(found.findings.map(({ host }) => host)).has("web2"), true);
});

test(...unless(missing, "a process is named by its host, and so is a job"), async () => {
  await made;
  const lines = done(fleet("log", "--host", "web2", "-m", "only-here", "--json", "--since", "1h"));
  const { pid, id } = JSON.parse(lines.split("\n")[0]!) as { pid: number; id: string };
  type Why = { chain: { id: string; host: string }[]; same: Record<string, unknown> };
  for (const name of [`web2:${pid}`, `web2:${id}`]) {
    const { chain, same } = JSON.parse(done(fleet("why", name, "--json"))) as Why;
    assert.deepEqual([chain[0]!.id, chain[0]!.host], [id, "web2"]);
    assert.deepEqual(same, { hosts: 1, of: 3, names: ["web2"] });
    const report = done(fleet("report", "json", "-p", name)).split("\n");
    assert.equal((JSON.parse(report[1]!) as { id: string }).id, id);
    assert.match(done(fleet("log", "-p", name, "--since", "1h", "--json")), new RegExp(id));
    assert.match(done(fleet("tree", name, "--json")), new RegExp(id));
  }
  assert.match(done(fleet("job", "show", "db1:build")), /job 1 build of root on db1/);
  const { stderr } = fleet("report", "csv", "-p", "web1:1", "-p", "web2:1");
  assert.match(stderr, /one is of web1, one of web2/);
  const many = fleet("why", "1", "--host", "*");
  assert.match(many.stderr, /3 had that pid; give one of these ids/);
  for (const host of HOSTS) assert.match(many.stderr, new RegExp(`  ${host}:`));
  const jobs = fleet("job", "show", "build", "--host", "*");
  assert.match(jobs.stderr, /others have one of that name: web1, web2; give HOST:build/);
  const diff = fleet("report", "diff", "job:web1:build", "job:web2:build", "--json");
  assert.equal(diff.status, 0, diff.stderr);
});

test(...unless(missing, "what a host ships is followed, each line once"), async () => {
  await made;
  await using recorder = Running.start([FH, "record", "--no-socket"], { env: envOf("web1") });
  await recorder.startedWhen("it records", () => recorder.stderr.includes("recording to"));
  const to = ["ship", "--to", server.url("web1"), "--host-name", "web1"];
  await using shipper = Running.start([FH, ...to], { env: envOf("web1") });
  const env = { ...envOf("nobody"), FH_FLEET: server.url("reader") };
  // Nobody else on this machine runs a program with that word.
  const word = `followed-${process.pid}`;
  await using follower = Running.start(
    [FH, "log", "--host", "web*", "--follow", "--json", "-m", word],
    { env },
  );
  const lines = (what: string) =>
    follower.stdout.split("\n").filter((line) => line.includes(`"${word}","${what}"`));
  // It stays for long enough to be read, however busy the host is, and is no other program then.
  const run = (what: string) => runProgram("sh", ["-c", "sleep 0.3; :", word, what]);
  // What was shipped before the follower has looked for the first time is none of its news.
  await until(() => {
    run("early");
    return lines("early").length > 0;
  }, `it follows; ${follower.stderr}`);
  const rounds = ["1", "2", "3"];
  for (const round of rounds) {
    run(round);
    await until(() => lines(round).length > 0, `line ${round} came; ${follower.stderr}`);
  }
  const top = () =>
    JSON.parse(done(fleet("top", "--host", "web*", "--json", "-n", "1"))) as {
      rows: { host: string; started_per_second: number | null; lag_ns: number }[];
    };
  await until(() => {
    const row = top().rows.find(({ host }) => host === "web1")!;
    return (row.started_per_second ?? 0) > 0 && row.lag_ns < 60e9;
  }, "the host is busy");
  await follower.end("SIGINT");
  assert.deepEqual(rounds.map((round) => lines(round).length), [1, 1, 1]);
  assert.equal(new Set(lines("early")).size, lines("early").length);
  await recorder.end("SIGINT");
  await shipper.end("SIGINT");
});

test(...unless(missing, "Ctrl-C ends a question on the server, too"), async () => {
  await made;
  const ours = new AbortController();
  const db = await Connection.open(server.url("owner"), {}, ours.signal);
  await db.run("BEGIN; LOCK TABLE fh.life IN ACCESS EXCLUSIVE MODE");
  const waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fh' " +
    "AND usename = 'reader' AND state = 'active'";
  const env = { ...envOf("nobody"), FH_FLEET: server.url("reader") };
  for (const question of [["log", "--host", "*"], ["account", "--host", "*", "--by", "unit"]]) {
    await using asking = Running.start([FH, ...question], { env });
    await until(() => server.ask(waiting) === "1", "it waits for the table");
    await asking.end("SIGINT");
    await until(() => server.ask(waiting) === "0", "nobody is left");
  }
  await db.run("ROLLBACK");
  await db.close();
});

test(...unless(missing, "the page asks of the host that was chosen"), async () => {
  await made;
  const env = { ...envOf("nobody"), FH_FLEET: server.url("reader") };
  const web = ["web", "--host", "*", "--user", "root", "--json"];
  await using page = Running.start([FH, ...web], { env });
  await page.startedWhen("it listens", () => page.stdout.includes("\n"));
  const { url, token } = JSON.parse(page.stdout) as { url: string; token: string };
  const ask = async (op: string, params: Record<string, unknown> = {}) => {
    const answer = await fetch(new URL(`/api/${op}`, url), {
      method: "POST",
      headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(params),
    });
    return await answer.json() as Record<string, unknown>;
  };
  const { live, fleet: named } = await ask("gateway");
  assert.deepEqual([live, named], [false, ""]);
  const { hosts } = await ask("hosts") as { hosts: { name: string }[] };
  assert.deepEqual(hosts.map(({ name }) => name), [...HOSTS].sort());
  type Events = { events: { host: string }[] };
  const log = { filter: { match: "true job" }, since: "1h ago" };
  const all = await ask("log", log) as Events;
  assert.deepEqual([...new Set(all.events.map(({ host }) => host))].sort(), [...HOSTS].sort());
  const one = await ask("log", { ...log, host: "db1" }) as Events;
  assert.deepEqual([...new Set(one.events.map(({ host }) => host))], ["db1"]);
  const { jobs } = await ask("job_list", { all: true, host: "web2" }) as { jobs: unknown[] };
  assert.equal(jobs.length, 1);
  assert.equal((await ask("live"))["error"], "EOPNOTSUPP");
  assert.equal((await ask("doctor"))["error"], "EOPNOTSUPP");
  assert.equal((await ask("log", { host: "nobody" }))["error"], "ESRCH");
  await page.end("SIGINT");
});
