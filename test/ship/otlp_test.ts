/** Histories to a collector: what it gets, by the official schema, and what is told of trouble. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { CommandError, UsageError } from "../../src/fault.ts";
import { GAP_REASON, GAP_WORDS, type SourceEvent } from "../../src/model/event.ts";
import { jobTrace } from "../../src/report/span.ts";
import { contextOf } from "../../src/report/otlp_span.ts";
import { otlpPlace, parseOtlp } from "../../src/ship/otlp/place.ts";
import { SinkAway } from "../../src/ship/sink.ts";
import { answer, type Asked, partialAnswer, TestCollector } from "../support/collector.ts";
import { account, exec, exit, fork, scan } from "../support/events.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { shipToUrl } from "../support/stream.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };

function program(at: number, pid: number, ...argv: string[]): SourceEvent[] {
  return [
    ...[fork(at * S, pid, 1), exec(at * S + 1e6, pid, ...argv)],
    account(at * S + 1e8, pid, { userUs: 7, cpuNs: 7000 }),
    exit(at * S + 1e8, pid, 256),
  ];
}

function begun(): TestRecorder {
  return new TestRecorder().tell(...scan(S, S, [INIT])).flush();
}

/** A history with so many ended lives. */
function ended(count: number, ...argv: string[]): TestRecorder {
  const recorder = begun();
  for (let i = 0; i < count; i++) {
    recorder.tell(...program(2 + i, 100 + i, ...argv.length === 0 ? ["/bin/a"] : argv));
  }
  return recorder.end();
}

test("a collector is named by a URL or by the environment, without anything secret", () => {
  const at = (text: string, env: Record<string, string> = {}) => {
    const { logs, traces, shown } = otlpPlace(parseOtlp(text), env);
    return [logs.url, traces.url, shown, logs.gzip];
  };
  const urls = (base: string) => [`${base}/v1/logs`, `${base}/v1/traces`, base, true];
  assert.deepEqual(at("otlp://c"), urls("https://c:4318"));
  assert.deepEqual(at("otlp://localhost"), urls("http://localhost:4318"));
  assert.deepEqual(at("otlp+http://c:80/in/"), urls("http://c/in"));
  assert.deepEqual(at("otlp+https://127.0.0.1"), urls("https://127.0.0.1:4318"));
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://ann:secret@c:1/?token=secret",
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
  };
  const [logs, , shown, gzip] = at("otlp:", env);
  assert.equal(logs, "http://ann:secret@c:1/v1/logs?token=secret");
  assert.deepEqual([shown, gzip], ["http://c:1/v1/logs", false]);
  for (
    const [text, why] of [
      ["otlp://ann:secret@c", /can be read by all/],
      ["otlp+https://c/?token=secret", /can be read by all/],
      ["otlp://c:secret", /names no collector/],
      ["otlp+http://", /names no collector/],
    ] as const
  ) {
    assert.throws(() => parseOtlp(text), (error) => {
      assert.ok(error instanceof UsageError && !error.message.includes("secret"));
      return why.test(error.message);
    }, text);
  }
  assert.throws(() => otlpPlace("otlp:", {}), /no collector for logs is named; give otlp:/);
});

for (const form of ["http/protobuf", "http/json"]) {
  test(`ends and gaps are logs by the conventions, as ${form}`, async () => {
    await using collector = await TestCollector.start();
    using recorder = begun();
    recorder.tell(...program(2, 100, "/bin/a", "x y"), ...program(3, 101, "/bin/b")).flush();
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: form, OTEL_EXPORTER_OTLP_HEADERS: "x-key=k" };
    await shipToUrl(collector.url, recorder, { env });
    recorder.tell(...program(4, 102, "/bin/c", "secret"), ...program(5, 103, "/bin/c"));
    recorder.flush().db.exec("DELETE FROM life WHERE pid = 103");
    recorder.tell(...program(6, 104, "/bin/c")).end();
    await shipToUrl(collector.url, recorder, { env, argv: false });
    const { headers, path } = collector.asked[0]!;
    assert.deepEqual([path, headers["x-key"]], ["/v1/logs", "k"]);
    assert.equal(headers["content-encoding"], "gzip");
    const [first, , third, gap, ...more] = collector.logs;
    assert.equal(more.length, 1);
    const { attributes, resource, timeUnixNano, severityText, body, eventName } = first!;
    const at = (part: string, more: string) => `2026-11-24T00:00:${part}${more}Z`;
    assert.deepEqual(resource, { "service.name": "fh", "host.name": "web1", "os.type": "linux" });
    assert.equal(timeUnixNano, `${Date.parse(at("02", ".1")) * 1e6}`);
    assert.deepEqual([severityText, eventName], ["WARN", "fh.process.exit"]);
    assert.equal(body.stringValue, "/bin/a 'x y': exit 1 after 100ms");
    const known = {
      "process.pid": 100,
      "process.parent_pid": 1,
      "process.executable.name": "a",
      "process.command_args": ["/bin/a", "x y"],
      "process.exit.code": 1,
      "process.creation.time": at("02", ".000000000"),
      "process.exit.time": at("02", ".100000000"),
      "fh.user_ns": 7000,
      "log.record.uid": `web1:${attributes["fh.process.id"]}`,
    };
    for (const [name, value] of Object.entries(known)) {
      assert.deepEqual(attributes[name], value, name);
    }
    assert.ok(!JSON.stringify(third).includes("secret"), "--no-argv holds");
    assert.equal(third!.attributes["process.executable.name"], "c");
    assert.deepEqual([gap!.eventName, gap!.attributes["fh.gap.lost"]], ["fh.gap", 1]);
    assert.equal(gap!.attributes["fh.gap.reason"], GAP_WORDS[GAP_REASON.unshipped]);
    assert.deepEqual(collector.spans, [], "nothing was in a job");
  });
}

test("what was in a job is spans of one trace, with links out of it", async () => {
  await using collector = await TestCollector.start();
  using recorder = begun();
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S, 100, "/bin/job"), fork(3 * S, 101, 100));
  recorder.tell(fork(4 * S, 102, 101), fork(4 * S, 103, 1)).flush();
  recorder.db.exec(`INSERT INTO job (id, name, owner, boot, since, started, lost)
      SELECT 1, 'nightly', 0, boot, 2000000000, 2, 0 FROM life WHERE pid = 100;
    INSERT INTO member (job, life) SELECT 1, id FROM life WHERE pid IN (100, 101)`);
  // The child is told of first, and the parent in another request.
  recorder.tell(account(5 * S, 101, {}), exit(5 * S, 101, 9), exit(5 * S, 103, 0)).flush();
  await shipToUrl(collector.url, recorder);
  recorder.tell(exit(6 * S, 102, 0), exit(6 * S, 100, 0)).end();
  await shipToUrl(collector.url, recorder);
  const trace = jobTrace(PAST_BOOT, 2 * S);
  const [child, parent, ...others] = collector.spans;
  assert.deepEqual(others, []);
  const ids = (pid: number, ticks: number) => contextOf(trace, `7c0a51fe-${pid}-${ticks}`);
  assert.deepEqual([child!["traceId"], child!["spanId"]], [
    ids(101, 300).traceId,
    ids(101, 300).spanId,
  ]);
  assert.deepEqual([child!["parentSpanId"], parent!["spanId"]], [
    parent!["spanId"],
    ids(100, 200).spanId,
  ]);
  assert.equal(parent!["traceId"], child!["traceId"]);
  assert.deepEqual(child!["status"].code, 2);
  assert.deepEqual(child!.attributes["fh.jobs"], ["nightly"]);
  assert.equal(parent!["links"].length, 1, "to init, which is in no job");
  const log = collector.logs.find(({ attributes }) => attributes["process.pid"] === 101)!;
  assert.deepEqual([log["traceId"], log["spanId"]], [child!["traceId"], child!["spanId"]]);
  const other = collector.logs.find(({ attributes }) => attributes["process.pid"] === 103)!;
  assert.equal(other["traceId"] ?? "", "");
});

/** Ids of the logs of a request. */
function uidsOf({ request }: Pick<Asked, "request">): string[] {
  return (request.resourceLogs ?? [])
    .flatMap((one: Asked["request"]) => one.scopeLogs[0].logRecords)
    .map((one: Asked["request"]) => one.attributes.at(-1).value.stringValue);
}

/** From now on a collector refuses what has one of the logs that are `bad`. */
function refuse(collector: TestCollector, bad: (uid: string) => boolean): void {
  const judge = (to: ServerResponse) => {
    collector.answers.unshift(judge);
    answer(uidsOf(collector.asked.at(-1)!).some(bad) ? 400 : 200)(to);
  };
  collector.answers.unshift(judge);
}

test("of a request that is refused all is taken but the records that are bad", async () => {
  await using collector = await TestCollector.start();
  const notes: string[] = [];
  using recorder = ended(1000);
  const isBad = (uid: string) => /-(?:150|151|777)-/.test(uid);
  refuse(collector, isBad);
  const { lives, refused } = await shipToUrl(collector.url, recorder, { notes });
  assert.deepEqual([lives, refused], [1000, 3]);
  const taken = collector.asked.map(uidsOf).filter((uids) => !uids.some(isBad)).flat();
  assert.equal(taken.length, 997);
  assert.equal(new Set(taken).size, 997);
  assert.ok(collector.asked.length < 60, String(collector.asked.length));
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /has refused 3 logs for good, the first of them web1:7c0a51fe-150-/);
});

test("a collector that refuses all is not asked about each", async () => {
  await using collector = await TestCollector.start();
  const notes: string[] = [];
  using recorder = ended(900);
  refuse(collector, () => true);
  assert.equal((await shipToUrl(collector.url, recorder, { notes })).refused, 900);
  assert.ok(collector.asked.length < 150, String(collector.asked.length));
  assert.match(notes.join(), /has refused 900 logs for good/);
});

test("what was taken before the collector was busy is not sent again, nor told twice", async () => {
  await using collector = await TestCollector.start();
  const notes: string[] = [];
  using recorder = ended(4);
  const busy = Array.from({ length: 5 }, () => answer(503, { "retry-after": "0" }));
  // All of four, one half, its first, its second; then the other half.
  collector.answers.push(answer(400), answer(400), answer(400), answer(200), ...busy);
  const ending = new AbortController();
  const { signal } = ending;
  const shipping = shipToUrl(collector.url, recorder, { notes, once: false, signal });
  const isNoted = (name: string) => name.endsWith(".json");
  await until(() => collector.asked.length > 9);
  await until(() => readdirSync(join(recorder.folder, "ship")).some(isNoted));
  ending.abort();
  const { refused, lives } = await shipping;
  assert.deepEqual([lives, refused, notes.length], [4, 1, 1]);
  const [first, second, ...rest] = uidsOf(collector.asked[0]!);
  assert.deepEqual(uidsOf(collector.asked[2]!), [first]);
  assert.deepEqual(uidsOf(collector.asked[3]!), [second]);
  assert.deepEqual(uidsOf(collector.asked[9]!), rest);
});

test("who is busy is asked again; what was taken then is not sent again", async () => {
  await using collector = await TestCollector.start();
  const busy = answer(429, { "retry-after": "0" });
  collector.answers.push(busy, busy);
  using some = ended(3);
  assert.equal((await shipToUrl(collector.url, some)).lives, 3);
  assert.equal(collector.asked.length, 3);
  using many = ended(1500);
  collector.asked.length = 0;
  collector.answers.push(answer(200), ...Array.from({ length: 5 }, () => busy));
  const ending = new AbortController();
  const { signal } = ending;
  const told = shipToUrl(collector.url, many, { once: false, signal });
  while (collector.asked.length < 7) await new Promise((resolve) => setTimeout(resolve, 1));
  ending.abort();
  await told;
  const uids = collector.asked.filter((_, at) => at === 0 || at === 6).flatMap(uidsOf);
  assert.deepEqual([uids.length, new Set(uids).size], [1500, 1500]);
});

test("what a collector refuses for good is told, and left out", async () => {
  await using collector = await TestCollector.start();
  const notes: string[] = [];
  using recorder = ended(8);
  collector.answers.push(answer(200, {}, partialAnswer(2, "too old")));
  assert.equal((await shipToUrl(collector.url, recorder, { notes })).refused, 2);
  assert.match(notes[0]!, /^http:\/\/127\.0\.0\.1:\d+ has refused 2 logs for good: too old$/);
  using other = ended(8);
  collector.asked.length = 0;
  // Halves are tried until they are small enough, and what cannot be is left out.
  collector.answers.push(answer(413), answer(413), ...Array.from({ length: 3 }, () => answer(400)));
  await shipToUrl(collector.url, other, { notes });
  const sizes = collector.asked.map(({ request }) =>
    request.resourceLogs[0].scopeLogs[0].logRecords.length
  );
  assert.deepEqual(sizes, [8, 4, 2, 1, 1, 2, 4]);
  assert.match(
    notes[1]!,
    /has refused 2 logs for good, the first of them web1:7c0a\S+: it answers 400 Bad Request$/,
  );
  assert.equal(notes.length, 2);
  assert.equal((await shipToUrl(collector.url, other)).lives, 0, "they are not sent again");
});

test("whoever cannot ship is told why, and what to do", async () => {
  await using collector = await TestCollector.start();
  using recorder = ended(1);
  const fails = async (status: number, what: RegExp, kind: typeof CommandError) => {
    collector.answers.length = 0;
    collector.answers.push(
      ...Array.from({ length: 5 }, () => answer(status, { "retry-after": "0" })),
    );
    const env = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret" };
    await assert.rejects(shipToUrl(collector.url, recorder, { env }), (error) => {
      assert.match((error as Error).message, what);
      assert.doesNotMatch((error as Error).message, /secret/);
      return error instanceof kind && (error instanceof SinkAway) === (kind === SinkAway);
    });
  };
  await fails(401, /takes nothing: it answers 401 Unauthorized; give .*HEADERS/, CommandError);
  await fails(404, /takes nothing: it answers 404 Not Found; see its path/, CommandError);
  await fails(500, /takes nothing: it answers 500/, CommandError);
  await fails(503, /is busy: it answers 503 Service Unavailable; see its log/, SinkAway);
  collector.answers.length = 0;
  const { port } = collector;
  const gone = `otlp://127.0.0.1:${port === 1 ? 2 : 1}`;
  await assert.rejects(shipToUrl(gone, recorder), (error) => {
    return error instanceof SinkAway &&
      /cannot be reached: .*; see that it runs/.test(error.message);
  });
});

test("long command lines go in requests of a bounded size", async () => {
  await using collector = await TestCollector.start();
  using recorder = begun();
  const long = "x".repeat(60_000);
  for (let i = 0; i < 60; i++) recorder.tell(...program(2 + i, 100 + i, "/bin/a", `${i}${long}`));
  recorder.end();
  await shipToUrl(collector.url, recorder);
  assert.equal(collector.logs.length, 60);
  assert.ok(collector.asked.length >= 10, String(collector.asked.length));
});
