/** What a recorder counts, as a real Prometheus reads it. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { Prometheus, prometheusMissing, runPromtool } from "../support/prometheus.ts";
import { startRecorder } from "../support/recorded.ts";
import { AS_NOBODY, type Running } from "../support/running.ts";
import { ServerFolder } from "../support/server.ts";
import { unless } from "../support/unless.ts";

const isRoot = process.geteuid!() === 0;
const SOURCE = ["--source", isRoot ? "auto" : "poll"];
const folder = temporaryFolder("fh-metrics-");
const CONTRIB = fileURLToPath(new URL("../../contrib/", import.meta.url));
/** The load: a shell that starts so many, of which some fail. */
const LOAD = { started: 300, failed: 7 };
const START = `i=0; while [ $i -lt ${LOAD.started} ]; do ` +
  `if [ $i -lt ${LOAD.failed} ]; then /bin/false; else /bin/true; fi; i=$((i + 1)); done; exit 0`;
const LOOP = 'i=0; while [ $i -lt 7 ]; do sh "$0"; sleep 0.2; i=$((i + 1)); done';

const nobodyMissing =
  isRoot && runProgram(AS_NOBODY[0]!, [...AS_NOBODY.slice(1), "true"]).status === 0
    ? null
    : "needs root and setpriv(1)";

function placeOf(recorder: Running): string {
  return /^fh: metrics at http:\/\/(127\.0\.0\.1:\d+)\/metrics$/m.exec(recorder.stderr)![1]!;
}

async function scrape(place: string, accept = "*/*"): Promise<string> {
  return await (await fetch(`http://${place}/metrics`, { headers: { accept } })).text();
}

function valueIn(text: string, series: string): number {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  assert.ok(line !== undefined, `${series}\n${text}`);
  return Number(line.slice(series.length + 1));
}

test(...unless(prometheusMissing, "promtool has nothing to say about the text"), async () => {
  const db = join(folder, "lint.db");
  await using recorder = await startRecorder(db, [...SOURCE, "--metrics", "0"]);
  const text = await scrape(placeOf(recorder));
  const { status, stdout, stderr } = runPromtool(["check", "metrics"], text);
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
});

test(...unless(prometheusMissing, "the rules are right, and fire when they should"), () => {
  const rules = `${CONTRIB}prometheus/fh.rules`;
  const check = runPromtool(["check", "rules", `${rules}.yml`]);
  assert.equal(check.status, 0, check.stdout + check.stderr);
  const tests = runPromtool(["test", "rules", `${rules}.test.yml`]);
  assert.equal(tests.status, 0, tests.stdout + tests.stderr);
});

/** A dashboard's queries, as Grafana would put them. */
function dashboardQueries(): string[] {
  const { panels } = JSON.parse(readFileSync(`${CONTRIB}grafana/fh.json`, "utf8"));
  // deno-lint-ignore no-explicit-any
  return panels.flatMap(({ targets }: any) => targets.map(({ expr }: any) => expr as string))
    .map((expr: string) => {
      return expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m")
        .replaceAll("$__range", "1m");
    });
}

test(...unless(prometheusMissing, "a real Prometheus counts what happened"), async () => {
  using place = new ServerFolder();
  const hook = join(folder, "hook");
  writeFileSync(hook, "#!/bin/sh\n", { mode: 0o755 });
  const args = [...SOURCE, "--metrics", "0", "--on-finding", hook];
  await using recorder = await place.record(args);
  await using prometheus = await Prometheus.start(place.path, placeOf(recorder));
  await prometheus.until("fh_up", (up) => up === 1);
  const failed = 'sum(fh_exits_total{outcome=~"failed|signal"})';
  const [forks, fails] = [
    (await prometheus.value("fh_forks_total"))!,
    await prometheus.value(failed),
  ];
  assert.equal(runProgram("sh", ["-c", START]).status, 0);
  await prometheus.until("fh_forks_total", (now) => now >= forks + LOAD.started);
  await prometheus.until(failed, (now) => now >= fails! + LOAD.failed);
  await prometheus.until("sum(fh_user_started_processes_total)", (now) => now >= LOAD.started);
  // What it has asked for is OpenMetrics: it knows counters without their suffix, and units.
  const cpu = await prometheus.metadata("fh_unit_cpu_seconds");
  assert.deepEqual([cpu?.["type"], cpu?.["unit"]], ["counter", "seconds"]);
  const script = join(folder, 'fh-"crasher"');
  writeFileSync(script, "ulimit -c 0\nsleep 0.2\nkill -ABRT $$\n");
  runProgram("sh", ["-c", LOOP, script]);
  await prometheus.until('fh_open_findings{kind="crash-loop"}', (open) => open >= 1);
  const named = await prometheus.query('fh_finding_info{kind="crash-loop"}');
  assert.ok(named.some(({ metric }) => metric["name"] === 'fh-"crasher"'), JSON.stringify(named));
  const queries = dashboardQueries();
  assert.ok(queries.length > 20);
  for (const query of queries) {
    assert.ok((await prometheus.query(query)).length > 0, query);
  }
});

test("a load is counted, and both formats and fh metrics say the same", async () => {
  using place = new ServerFolder();
  await using recorder = await place.record([...SOURCE, "--metrics", "0"]);
  const at = placeOf(recorder);
  const before = await scrape(at);
  assert.equal(runProgram("sh", ["-c", START]).status, 0);
  const outcome = 'fh_exits_total{outcome="failed"}';
  const least = valueIn(before, "fh_forks_total") + LOAD.started;
  let after = before;
  await recorder.until("the load", () => {
    after = runFh(["metrics", "--socket", place.socket]).stdout;
    return valueIn(after, "fh_forks_total") >= least;
  });
  assert.ok(valueIn(after, outcome) >= valueIn(before, outcome) + (isRoot ? LOAD.failed : 0));
  const open = await scrape(at, "application/openmetrics-text; version=1.0.0");
  assert.match(open, /^# TYPE fh_forks counter$/m);
  assert.ok(open.endsWith("# EOF\n"));
  const names = (text: string) => [...text.matchAll(/^(\w+)[ {]/gm)].map(([, name]) => name);
  const kinds = (text: string) => [...new Set(names(text))];
  assert.deepEqual(kinds(after), kinds(open));
  // For node_exporter, which has those of its own process.
  const path = join(folder, "fh.prom");
  const written = runFh(["metrics", "--socket", place.socket, "--textfile", path]);
  assert.deepEqual(written, { status: 0, stdout: "", stderr: "" });
  const kept = kinds(readFileSync(path, "utf8"));
  assert.deepEqual(kept, kinds(open).filter((name) => !name!.startsWith("process_")));
  assert.equal(statSync(path).mode & 0o777, 0o644);
});

test("a port that is taken is one line, and what happens is recorded", async () => {
  const db = join(folder, "taken.db");
  await using first = await startRecorder(db, [...SOURCE, "--no-socket", "--metrics", "0"]);
  const place = placeOf(first);
  const other = join(folder, "other.db");
  const args = [...SOURCE, "--no-socket", "--metrics", place];
  await using second = await startRecorder(other, args);
  const lines = second.stderr.split("\n").filter((line) => line.includes("metrics:"));
  assert.deepEqual(lines, [
    `fh: no metrics: Cannot listen on ${place}: EADDRINUSE; trying again each minute`,
  ]);
  runProgram("sh", ["-c", "exit 3"]);
  assert.equal((await second.end("SIGTERM")).status, 0);
  const { stdout } = runFh(["log", "--db", other, "--failed", "--json"]);
  assert.match(stdout, /"exit_code":3/);
});

test(...unless(isRoot ? null : "needs root", "a socket is closed to others"), async () => {
  const path = join(folder, "m.sock");
  const db = join(folder, "unix.db");
  await using recorder = await startRecorder(db, [
    ...SOURCE,
    "--no-socket",
    "--metrics",
    `unix:${path}`,
  ]);
  assert.match(recorder.stderr, new RegExp(`^fh: metrics at unix:${path}$`, "m"));
  const text = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = createConnection({ path });
    socket.on("data", (bytes) => text += String(bytes));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  });
  assert.match(text, /^fh_up 1$/m);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal((await recorder.end("SIGTERM")).status, 0);
  assert.throws(() => statSync(path), { code: "ENOENT" });
});

const exactMissing = nobodyMissing ?? connectorMissing;

test(
  ...unless(exactMissing, "what a user starts and what of it fails is counted exactly"),
  async () => {
    using place = new ServerFolder();
    await using recorder = await place.record(["--metrics", "0"]);
    const of = (text: string, what: string) => {
      const series = `fh_user_${what}_processes_total{user="nobody"}`;
      return text.includes(`\n${series} `) ? valueIn(text, series) : 0;
    };
    const at = placeOf(recorder);
    const before = await scrape(at);
    const [command, ...prefix] = AS_NOBODY;
    assert.equal(runProgram(command!, [...prefix, "sh", "-c", START]).status, 0);
    // The shell that became nobody's, and what it has started.
    const started = of(before, "started") + 1 + LOAD.started;
    let after = before;
    await recorder.until("the load", () => {
      after = runFh(["metrics", "--socket", place.socket]).stdout;
      return of(after, "started") >= started;
    });
    assert.equal(of(after, "started"), started);
    assert.equal(of(after, "failed"), of(before, "failed") + LOAD.failed);
    assert.ok(valueIn(after, 'fh_user_cpu_seconds_total{user="nobody"}') > 0);
  },
);

test(...unless(nobodyMissing, "others see totals over the socket, and their own"), async () => {
  using place = new ServerFolder();
  runProgram("chmod", ["755", place.path]);
  await using _recorder = await place.record([...SOURCE, "--socket-group", "65534"]);
  runProgram(AS_NOBODY[0]!, [...AS_NOBODY.slice(1), "sh", "-c", "true; exit 1"]);
  const args = ["metrics", "--socket", place.socket];
  const { stdout, stderr, status } = runProgram(AS_NOBODY[0]!, [
    ...AS_NOBODY.slice(1),
    FH,
    ...args,
  ]);
  assert.equal(status, 0, stderr);
  const users = [...stdout.matchAll(/^fh_user_failed_processes_total\{user="(.*)"\} (\d+)$/gm)];
  assert.deepEqual(users.map(([, user]) => user), ["nobody"]);
  assert.ok(Number(users[0]![2]) >= 1);
  assert.doesNotMatch(stdout, /fh_unit_|fh_container_|fh_finding_info/);
  assert.match(runFh(args).stdout, /^fh_unit_started_processes_total\{unit="other"\}/m);
});
