/** `fh report`: which processes are in it, out of a history, of what runs, and of a saved run. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { readRun, runLines } from "../../../src/report/run_file.ts";
import type { Spans } from "../../../src/report/span.ts";
import { atEnd, temporaryFolder } from "../../support/at_end.ts";
import { buildSpans } from "../../support/build_spans.ts";
import { account, exec, exit, fork, gap, scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { JobRecorder } from "../../support/job_recorder.ts";
import { PAST_EPOCH, TestRecorder } from "../../support/past.ts";

const S = 1e9;
const folder = temporaryFolder("fh-report-");
const run = join(folder, "build.jsonl");
writeFileSync(run, [...runLines(buildSpans())].join(""));

async function report(...argv: readonly string[]) {
  const context = fakeContext();
  const status = await runCli(context, ["report", ...argv]);
  return { status, stdout: context.stdout.text, stderr: context.stderr.text };
}

async function spansOf(...argv: readonly string[]): Promise<Spans & { readonly stderr: string }> {
  const { status, stdout, stderr } = await report("json", ...argv);
  assert.equal(status, 0, stderr);
  return { ...readRun(stdout.split("\n").slice(0, -1)), stderr };
}

/** A shell with two children below init; another one, that fails; init and a thread live. */
function past(): TestRecorder {
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  return new TestRecorder().tell(
    ...scan(S, S, [init]),
    ...[fork(2 * S, 10, 1), exec(2 * S + 1, 10, "/bin/sh", "-c", "x")],
    ...[fork(3 * S, 11, 10), exec(3 * S + 1, 11, "/bin/cc1", "a.c")],
    ...[account(4 * S, 11, { cpuNs: 3e6, userUs: 10, peakKib: 64 }), exit(4 * S, 11, 0)],
    gap(5 * S, 3),
    ...[fork(6 * S, 12, 10), exit(7 * S, 12, 256), exit(8 * S, 10, 256)],
    ...[fork(100 * S, 20, 1), exec(100 * S + 1, 20, "/bin/false"), exit(101 * S, 20, 256)],
  ).flush().end();
}

const at = (seconds: number) => new Date((PAST_EPOCH.seconds + seconds) * 1000).toISOString();

test("all that lived in a stretch of time, on its line", async () => {
  using recorder = past();
  const { frame, spans } = await spansOf(
    "--db",
    recorder.path,
    "--since",
    at(2),
    "--until",
    at(50),
  );
  assert.deepEqual(spans.map(({ pid, start, end }) => [pid, start, end]), [
    [1, -2 * S, null],
    [10, 0, 6 * S],
    [11, 1 * S, 2 * S],
    [12, 4 * S, 5 * S],
  ]);
  assert.deepEqual([frame.originMs, frame.lengthNs], [(PAST_EPOCH.seconds + 2) * 1000, 48 * S]);
  assert.deepEqual([frame.source, frame.accounts, frame.run], ["connector", "taskstats", null]);
  const [init, sh, cc, other] = spans;
  assert.deepEqual([sh!.parent, cc!.parent, other!.parent], [init!.id, sh!.id, sh!.id]);
  assert.deepEqual([cc!.status, other!.status, init!.status], [0, 256, null]);
  assert.equal(cc!.image.unit, "a.service");
  assert.deepEqual(
    [cc!.cost!.user_ns + cc!.cost!.system_ns, cc!.cost!.peak_bytes, init!.cost],
    [3e6, 64 << 10, null],
  );
  // Who has run no program of its own shares what the parent runs.
  assert.equal(other!.image, sh!.image);
});

test("what was lost is in it, for programs and for people", async () => {
  using recorder = past();
  const { frame, stderr } = await spansOf("--db", recorder.path, "--since", at(2));
  assert.equal(frame.gaps.length, 1);
  assert.deepEqual([frame.gaps[0]!.until, frame.gaps[0]!.lost], [3 * S, 3]);
  assert.ok(frame.notes.some((note) => /^3 events were lost .*\(overflow\)/.test(note)));
  for (const note of frame.notes) assert.ok(stderr.includes(`fh: ${note}\n`), note);
});

test("a process with all its descendants: from the first begin to the last end", async () => {
  using recorder = past();
  const { frame, spans } = await spansOf("--db", recorder.path, "-p", "10");
  assert.deepEqual(spans.map(({ pid, start, end }) => [pid, start, end]), [
    [10, 0, 6 * S],
    [11, 1 * S, 2 * S],
    [12, 4 * S, 5 * S],
  ]);
  assert.deepEqual([frame.originMs, frame.lengthNs], [(PAST_EPOCH.seconds + 2) * 1000, 6 * S]);
  assert.deepEqual(frame.gaps.map(({ until }) => until), [3 * S]);
  assert.match(frame.title, /^sh \(10\), from /);
});

test("filters choose", async () => {
  using recorder = past();
  const pids = async (...argv: string[]) => {
    const { spans } = await spansOf("--db", recorder.path, "--since", at(2), ...argv);
    return spans.map(({ pid }) => pid);
  };
  assert.deepEqual(await pids("--failed"), [10, 12, 20]);
  assert.deepEqual(await pids("-c", "cc1"), [11]);
  assert.deepEqual(await pids("-m", "a[.]c$"), [11]);
  assert.deepEqual(await pids("--min-duration", "2s"), [10]);
  assert.deepEqual(await pids("-p", "10", "--failed"), [10, 12]);
  assert.deepEqual(await pids("--cgroup", "/test.slice/*"), [1, 10, 11, 12, 20]);
});

test("without a time it is of one hour", async () => {
  using recorder = past();
  const context = fakeContext({ now: () => (PAST_EPOCH.seconds + 3650) * 1000 });
  const status = await runCli(context, ["report", "json", "--db", recorder.path]);
  assert.equal(status, 0, context.stderr.text);
  const { spans } = readRun(context.stdout.lines);
  assert.deepEqual(spans.map(({ pid }) => pid), [1, 20]);
  assert.match(context.stderr.text, /^fh: it is of one hour; for more give --since$/m);
});

test("ids of traces and spans do not depend on what else is asked for", async () => {
  using recorder = new JobRecorder(temporaryFolder("fh-report-ids-"));
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 10, 1), exec(2 * S + 1, 10, "/bin/make"));
  recorder.job("nightly", 10);
  recorder.tell(fork(3 * S, 11, 10), fork(3 * S, 12, 1), fork(5 * S, 13, 11));
  recorder.tell(exit(6 * S, 13, 256), exit(6 * S, 11, 0), exit(7 * S, 10, 0), exit(8 * S, 12, 0));
  recorder.tell(fork(20 * S, 20, 1), exec(20 * S + 1, 20, "/bin/make"));
  recorder.job("nightly", 20);
  recorder.tell(fork(21 * S, 21, 20), exit(22 * S, 21, 256)).flush();
  const ids = async (...argv: string[]) => {
    const { stdout, stderr } = await report("otlp", "--db", recorder.path, ...argv);
    const lines = stdout.split("\n").filter((line) => line !== "");
    assert.ok(lines.length > 0, stderr);
    const spans = lines.flatMap((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans);
    return new Map(spans.map(({ attributes, traceId, spanId }) => {
      return [Number(attributes[0].value.intValue), `${traceId} ${spanId}`];
    }));
  };
  const whole = await ids("--since", at(1));
  assert.deepEqual([...whole.keys()], [1, 10, 11, 12, 13, 20, 21]);
  const traceOf = (pid: number) => whole.get(pid)!.split(" ")[0]!;
  assert.deepEqual([traceOf(10), traceOf(1)], [traceOf(13), traceOf(12)]);
  assert.equal(new Set([1, 10, 20].map(traceOf)).size, 3);
  for (
    const [argv, pids] of [
      [["--job", "nightly"], [20, 21]],
      [["--since", at(4), "--until", at(9)], [1, 10, 11, 12, 13]],
      [["--since", at(7.5)], [1, 12, 20, 21]],
      [["--since", at(1), "--failed"], [13, 21]],
      [["--since", at(1), "--min-duration", "5s"], [10, 12]],
      [["-p", "11"], [11, 13]],
    ] as const
  ) {
    const some = await ids(...argv);
    assert.deepEqual([...some.keys()], [...pids], argv.join(" "));
    for (const pid of pids) assert.equal(some.get(pid), whole.get(pid), `${pid} ${argv.join(" ")}`);
  }
});

test("a job, with its name at all of its members", async () => {
  using recorder = new JobRecorder(temporaryFolder("fh-report-job-"));
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 10, 1), exec(2 * S + 1, 10, "/bin/make"));
  recorder.job("build", 10);
  recorder.tell(fork(3 * S, 11, 10), fork(3 * S, 12, 1), exit(4 * S, 11, 0)).flush();
  const { spans, frame } = await spansOf("--db", recorder.path, "--job", "root/build");
  assert.deepEqual(spans.map(({ pid, jobs }) => [pid, jobs]), [[10, ["build"]], [11, ["build"]]]);
  assert.match(frame.title, /^job build, from /);
  const all = await spansOf("--db", recorder.path, "--since", at(1));
  assert.deepEqual(all.spans.map(({ pid, jobs }) => [pid, jobs.length]), [
    [1, 0],
    [10, 1],
    [11, 1],
    [12, 0],
  ]);
  const { status, stderr } = await report("csv", "--db", recorder.path, "--job", "nobody");
  assert.deepEqual([status, /No such job/.test(stderr)], [3, true]);
});

test("without a history it is what runs now, and the past is not known", async () => {
  const proc = fakeProcfs([
    { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0", utime: 3 },
    { pid: 7, ppid: 1, comm: "sh", cmdline: "sh\0", start: 100 },
  ]);
  atEnd(() => proc.remove());
  const procRoot = proc.root;
  const context = fakeContext({ procRoot, epoch: { seconds: 1000, ns: 0 } });
  assert.equal(await runCli(context, ["report", "json"]), 0);
  const { frame, spans } = readRun(context.stdout.lines);
  assert.deepEqual(spans.map(({ pid, end }) => [pid, end]), [[1, null], [7, null]]);
  assert.equal(spans[1]!.parent, spans[0]!.id);
  assert.equal(spans[0]!.cost!.user_ns, 30_000_000);
  assert.match(frame.notes.join(), /no history here/);
  for (const argv of [["--since", "1h ago"], ["--job", "build"], ["--failed"]]) {
    const { status, stderr } = await report("json", ...argv);
    assert.deepEqual([status, stderr.slice(0, 16)], [3, "fh: No history: "]);
  }
});

test("nothing found is no report", async () => {
  using recorder = past();
  const output = join(folder, "none.csv");
  const none = ["csv", "--db", recorder.path, "--since", at(2), "-c", "none", "-o", output];
  const { status, stderr } = await report(...none);
  assert.equal(status, 3);
  assert.match(stderr, /^fh: No such process from .* in .*; give another time, or fewer filters$/m);
  assert.ok(!readdirSync(folder).includes("none.csv"));
});

test("filters and times choose from a saved run as from a history", async () => {
  const pids = async (...argv: string[]) => {
    return (await spansOf("--run", run, ...argv)).spans.map(({ pid }) => pid);
  };
  assert.deepEqual(await pids("--failed"), [10, 12, 14]);
  assert.deepEqual(await pids("-c", "cc1"), [13, 14]);
  assert.deepEqual(await pids("-c", "dash"), [11, 12]);
  assert.deepEqual(await pids("-m", "-quiet b[.]c$"), [14]);
  assert.deepEqual(await pids("--min-duration", "60ms"), [10, 12, 14]);
  assert.deepEqual(await pids("-u", "ann"), [10, 11, 12, 13, 14, 15]);
  assert.deepEqual(await pids("-u", "1000", "-c", "make"), [10]);
  assert.deepEqual(await pids("--job", "build"), [10]);
  assert.deepEqual(await pids("-p", "11"), [11, 13, 15]);
  assert.deepEqual(await pids("-p", "sh", "--failed"), [12, 14]);
  assert.deepEqual(await pids("-p", "11@2026-11-30T08:00:00.52Z"), [11, 13, 15]);
  for (const argv of [["-u", "nobody"], ["-p", "11@2026-11-30T08:00:03Z"], ["-c", "x"]]) {
    const { status, stderr } = await report("json", "--run", run, ...argv);
    assert.deepEqual([status, stderr], [
      3,
      `fh: No such process in ${run}; give another time, or fewer filters\n`,
    ]);
  }
});

test("a part of a saved run has a frame of its own", async () => {
  const since = ["--since", "2026-11-30T08:00:00.52Z", "--until", "2026-11-30T08:00:00.55Z"];
  const { frame, spans } = await spansOf("--run", run, ...since);
  const whole = buildSpans();
  assert.deepEqual([frame.originMs, frame.lengthNs], [whole.frame.originMs + 20, 30e6]);
  assert.deepEqual(frame.gaps.map(({ since }) => since), [10e6]);
  assert.deepEqual(spans.map(({ pid, start, end }) => [pid, start, end]), [
    [16, -25e6, 0],
    [10, -20e6, 80e6],
    [11, -10e6, 30e6],
    [12, -8e6, 70e6],
    [13, -5e6, 25e6],
    [14, 0, 60e6],
    [15, 26e6, null],
  ]);
  const below = await spansOf("--run", run, "-p", "11");
  assert.deepEqual([below.frame.originMs, below.frame.lengthNs], [
    whole.frame.originMs + 10,
    90e6,
  ]);
  const gone = await report("json", "--run", run, "--until", "2026-11-30T07:00:00Z");
  assert.equal(gone.status, 3);
});

test("a saved run is read again", async () => {
  const { frame, spans } = await spansOf("--run", run);
  assert.deepEqual({ frame, spans }, buildSpans());
});

test("a report is a file of one's own, and appears when it is whole", async () => {
  const output = join(folder, "build.pftrace");
  const { status, stdout, stderr } = await report("perfetto", "--run", run, "-o", output);
  // What was noted of the run when it was saved is told as that of a history is.
  const noted = "fh: 2 events were lost at 08:00:00 (overflow)\n";
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: noted });
  assert.equal(statSync(output).mode & 0o777, 0o600);
  const before = readFileSync(output);
  const context = fakeContext();
  context.abort.abort("SIGINT");
  assert.equal(await runCli(context, ["report", "chrome", "--run", run, "-o", output]), 1);
  assert.deepEqual(readFileSync(output), before);
  assert.deepEqual(readdirSync(folder).sort(), ["build.jsonl", "build.pftrace"]);
});

test("what makes no sense is refused before anything is read", async () => {
  symlinkSync("nowhere", join(folder, "link"));
  const refused: [string[], RegExp][] = [
    [["csv", "--run", run, "--db", "x"], /^fh: Bad options: --db with --run; take one of them/],
    [["csv", "--run", run, "--cgroup", "*"], /--cgroup with --run: a saved run has no control gr/],
    [["csv", "-u", "no such user"], /Unknown user/],
    [["csv", "--since", "now", "--until", "1h ago"], /Bad times/],
    [["csv", "--run", join(folder, "nothing")], /Cannot read saved run .*no such file/],
    [["csv", "--run", "/etc/passwd"], /line 1 is no JSON object; give a file that fh run --save/],
    [["csv", "--run", run, "-o", join(folder, "link")], /it is a symbolic link/],
    [["folded", "--run", run, "--weight", "gold"], /Unknown weight: gold/],
    [["otlp", "--run", run, "-o", "x", "--endpoint", "http://c"], /--endpoint with --output/],
    [["gif"], /gif/],
  ];
  for (const [argv, words] of refused) {
    const { status, stderr, stdout } = await report(...argv);
    assert.ok(status !== 0 && stdout === "", argv.join(" "));
    assert.match(stderr, words);
  }
});

test("what is no text is not written to a terminal", async () => {
  for (const name of ["perfetto", "pprof"]) {
    const context = fakeContext();
    context.stdout.isTerminal = true;
    assert.equal(await runCli(context, ["report", name, "--run", run]), 2);
    assert.equal(context.stdout.text, "");
    assert.match(
      context.stderr.text,
      /^fh: Missing file: \w+ is no text; give one by -o, or redir/,
    );
  }
});
