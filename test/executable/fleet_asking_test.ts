/** A fleet of three hosts, with dist/fh and a real PostgreSQL, answers as each of them does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../../src/fleet/connection.ts";
import {
  bare,
  done,
  envOf,
  fleet,
  HOSTS,
  made,
  missing,
  own,
  said,
  server,
} from "../support/asked_fleet.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

test(...unless(missing, "the fleet answers of a host what that answers itself"), async () => {
  const end = await made;
  const all = ["--since", "1h", "--until", end, "--json"];
  const questions = [
    ["log", "-e", "fork,exec,exit", ...all],
    ["log", "-m", "exit", "--failed", ...all],
    ["log", "-p", "PARENT", ...all],
    ["log", "--tree", ...all],
    ["log", "-c", "sh", "-u", "root", "--cgroup", "/*", ...all],
    ["tree", "PARENT", "--json"],
    ["log", "--min-duration", "1ms", "--reverse", ...all],
    ["tree", ...all.slice(0, -1), "--json=flat"],
    ...["command", "parent", "user", "unit", "container", "exit", "job"].map((by) => {
      return ["account", "--by", by, "--failed", ...all].filter((one) => {
        return by !== "job" || one !== "--failed";
      });
    }),
    ["account", "-p", "PARENT", "--json"],
    ["account", "--by", "exit", "--min-duration", "1ms", "-m", "exit", ...all],
    ["trouble", ...all],
    ["report", "json", "-p", "PARENT"],
    ["report", "json", "-c", "sh", "--failed"],
    ["report", "diff", "job:build", "job:1", "--json"],
    ["report", "json", "--since", "1h", "--until", end],
    ["report", "json", "--job", "build"],
    ["job", "list", "--all", "--json"],
    ["job", "show", "build", "--json"],
    ["job", "export", "build"],
    ["job", "export"],
    ["account", "--by", "job-name", ...all],
  ];
  for (const host of HOSTS) {
    const [line] = own(host, "log", "-m", "exit 5", ...all).split("\n");
    const { id } = JSON.parse(line!) as { id: string };
    for (const one of [...questions, ["why", id, "--json"]]) {
      compare(host, ...one.map((word) => word === "PARENT" ? id : word));
    }
  }
});

/** What the fleet says of a host is what that says itself. */
function compare(host: string, ...question: string[]): string {
  const asked = `${host}: ${question.join(" ")}`;
  const there = said(fleet(...question, "--host", host), asked);
  assert.deepEqual(bare(there), bare(own(host, ...question)), asked);
  return there;
}

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
  const top = (...more: string[]) =>
    JSON.parse(done(fleet("top", "--host", "web*", "--json", "-n", "1", ...more))) as {
      rows: { host: string; started_per_second: number | null; lag_ns: number }[];
    };
  await until(() => {
    const row = top().rows.find(({ host }) => host === "web1")!;
    return (row.started_per_second ?? 0) > 0 && row.lag_ns < 60e9;
  }, "the host is busy");
  const started = (...more: string[]) =>
    top(...more).rows.find(({ host }) => host === "web1")!.started_per_second!;
  assert.ok(started("-m", "^sh -c .*followed") > 0);
  assert.equal(started("-c", "no-such-program"), 0);
  assert.match(fleet("top", "--host", "*", "-p", "1").stderr, /--pid with a fleet/);
  await follower.end("SIGINT");
  assert.deepEqual(rounds.map((round) => lines(round).length), [1, 1, 1]);
  assert.equal(new Set(lines("early")).size, lines("early").length);
  await recorder.end("SIGINT");
  await shipper.end("SIGINT");
});

test(
  ...unless(missing, "what is missing of a host is noted as there, and with its name"),
  async () => {
    await made;
    const to = ["ship", "--to", server.url("web1"), "--host-name", "web1", "--once"];
    done(runFh(to, { env: envOf("web1") }));
    const all = ["--since", "1h", "--until", new Date().toISOString(), "--json"];
    // Events of one moment have no order, and accounts may have come late: gaps alone are compared.
    const gaps = (text: string) =>
      bare(text).flatMap((line) => {
        const { event, gaps: its = [], lost, since, time, frame } = JSON.parse(line);
        const noted = JSON.stringify([its, frame?.gaps ?? []]);
        const gap = JSON.stringify({ lost, since, time });
        return event === "gap" ? [gap] : event === undefined ? [noted] : [];
      });
    for (
      const question of [
        ["log", "-e", "fork,exec,exit", ...all],
        ["log", "-m", "followed", ...all],
        ["account", "--failed", "--by", "user", ...all],
        ["report", "json", "-c", "no*", "-c", "s*", ...all.slice(0, -1)],
      ]
    ) {
      const there = said(fleet(...question, "--host", "web1"), question.join(" "));
      assert.deepEqual(gaps(there), gaps(own("web1", ...question)), question.join(" "));
      assert.match(there, /not recording|nobody recorded/, question.join(" "));
      if (question[0] !== "log") continue;
      const told = there.split("\n").filter((line) => line.includes('"event":"gap"'));
      assert.ok(told.length > 0 && told.every((line) => line.includes('"host":"web1"')));
    }
  },
);

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
