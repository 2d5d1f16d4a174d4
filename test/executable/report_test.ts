/** `fh report` and what `fh run` saves and draws: of real processes, by the executable. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Buffer } from "node:buffer";
import { gunzipSync, inflateRawSync } from "node:zlib";
import { test } from "node:test";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { FORMATS } from "../../src/report/formats.ts";
import { html } from "../../src/report/html.ts";
import { unpack } from "../../src/report/page/packed.ts";
import { readRun, runLines } from "../../src/report/run_file.ts";
import type { Spans } from "../../src/report/span.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { buildSpans } from "../support/build_spans.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { readTrace } from "../support/perfetto.ts";
import { untilKnown } from "../support/questions.ts";
import { startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";

const SOURCE = process.geteuid!() === 0 ? "auto" : "poll";
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folder = temporaryFolder("fh-report-");
/** A shell that starts others, one of which fails and one of which outlives its parent. */
const BUILD =
  "for i in 1 2; do sh -c 'sleep 0.1; true'; done; (sleep 0.4131 & exec sh -c 'sleep 0.1; exit 3')";

const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);

/** Names of a family, sorted, with their parents' and statuses. */
function familyOf({ spans }: Spans): string[] {
  const names = new Map(spans.map(({ id, image }) => [id, image.name]));
  return spans.map(({ image, parent, status }) => {
    return `${names.get(parent ?? "") ?? "-"} > ${image.name} ${status}`;
  }).sort();
}

const FAMILY = [
  "- > sh 768",
  "sh > sh 0",
  "sh > sh 0",
  "sh > sh 768",
  "sh > sleep 0",
  "sh > sleep 0",
  "sh > sleep 0",
  "sh > sleep 0",
];

test("what a command has run is saved whole, and drawn from what was saved", () => {
  const saved = join(folder, "run.jsonl");
  const args = ["--source", SOURCE, "--wait-all", "--save", saved, "--", "sh", "-c", BUILD];
  const { status } = runFh(["run", "-q", ...args]);
  assert.equal(status, 3);
  assert.equal(statSync(saved).mode & 0o777, 0o600);
  const run = readRun(linesOf(saved));
  assert.deepEqual(familyOf(run), FAMILY);
  const { frame, spans } = run;
  assert.deepEqual([frame.run!.status, frame.run!.root], [3, spans[0]!.id]);
  assert.equal(spans[0]!.start, 0);
  for (const { start, end } of spans) assert.ok(start >= 0 && end! <= frame.lengthNs);
  const longest = spans.reduce((most, { start, end }) => Math.max(most, end! - start), 0);
  assert.ok(longest >= 0.4e9 && frame.lengthNs >= longest);
  assert.ok(Math.abs(frame.originMs - Date.now()) < 600_000);
  for (const { name, endings } of FORMATS) {
    const output = join(folder, `drawn${endings[0]}`);
    const drawn = runFh(["report", name, "--run", saved, "-o", output]);
    assert.deepEqual([drawn.status, drawn.stdout, drawn.stderr], [0, "", ""], name);
    assert.ok(statSync(output).size > 0);
  }
});

test("a command is drawn in the format that the name of its report ends with", () => {
  const trace = join(folder, "build.pftrace");
  const args = ["--source", SOURCE, "--report", trace, "--", "sh", "-c", "sleep 0.05; true"];
  const { status, stderr } = runFh(["run", ...args]);
  assert.deepEqual([status, stderr], [0, ""]);
  const names = readTrace(readFileSync(trace)).slices.map(({ name }) => name).sort();
  assert.deepEqual(names, ["fork", "sh", "sleep"]);
  const named = join(folder, "report");
  const csv = ["run", "--source", SOURCE, "--format", "csv", "--report", named, "--", "true"];
  assert.equal(runFh(csv).status, 0);
  assert.match(linesOf(named)[1]!, /,true,/);
});

test("out of a history: a stretch, and a process with its descendants", async () => {
  const db = join(folder, "history.db");
  await using recorder = await startRecorder(db, ["--source", SOURCE]);
  const since = new Date().toISOString();
  const shell = runProgram("sh", ["-c", `echo $$; ${BUILD}`]);
  const pid = shell.stdout.trim();
  const read = (...args: string[]): Spans => {
    const { status, stdout, stderr } = runFh(["report", "json", "--db", db, ...args]);
    assert.equal(status, 0, stderr);
    return readRun(stdout.split("\n").slice(0, -1));
  };
  // What its parent has left behind ends last; others of the host sleep, too.
  await untilKnown(db, 1, `argv ->> 1 = '0.4131' AND state = 'exited'`);
  const family = read("-p", pid, "--since", since);
  assert.deepEqual(familyOf(family), FAMILY);
  assert.equal(family.frame.host, read().frame.host);
  assert.ok(read("--since", since).spans.length >= FAMILY.length);
  assert.ok(recorder.pid > 0);
});

test("the executable writes what the source writes on the other runtime", () => {
  const saved = join(folder, "build.jsonl");
  writeFileSync(saved, [...runLines(buildSpans())].join(""));
  const deno = join(ROOT, "node_modules/.bin/deno");
  // A page has the time at which it was written.
  for (const { name } of FORMATS.filter((format) => format.name !== "html")) {
    const [own, other] = [join(folder, `own.${name}`), join(folder, `other.${name}`)];
    const args = ["report", name, "--run", saved, "-o"];
    assert.equal(runFh([...args, own]).status, 0);
    const { status, stderr } = runProgram(deno, ["run", "-A", "bin/fh.ts", ...args, other], {
      cwd: ROOT,
    });
    assert.equal(status, 0, stderr);
    const bytes = [own, other].map((path) => readFileSync(path));
    // How well it is packed is up to the runtime.
    const [one, same] = name === "pprof" ? bytes.map((some) => gunzipSync(some)) : bytes;
    assert.ok(one!.equals(same!), name);
  }
});

/** When a page was written, as it says itself. */
function writtenAt(page: string): number {
  const data = /id="data">([^<]*)</.exec(page)![1]!;
  return unpack(inflateRawSync(Buffer.from(data, "base64"))).head.writtenMs;
}

test("a page is the same bytes, whoever writes it at that time", () => {
  const saved = join(folder, "page.jsonl");
  writeFileSync(saved, [...runLines(buildSpans())].join(""));
  const deno = join(ROOT, "node_modules/.bin/deno");
  const own = runFh(["report", "html", "--run", saved]);
  const other = runProgram(
    deno,
    ["run", "-A", "bin/fh.ts", "report", "html", "--run", saved],
    { cwd: ROOT },
  );
  for (const { status, stdout, stderr } of [own, other]) {
    assert.deepEqual([status, stderr], [0, "fh: 2 events were lost at 08:00:00 (overflow)\n"]);
    assert.ok(stdout === html(buildSpans(), writtenAt(stdout)));
  }
});

test("spans are sent to the collector that the environment names", async () => {
  const saved = join(folder, "sent.jsonl");
  writeFileSync(saved, [...runLines(buildSpans())].join(""));
  let body = "";
  const server = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (piece: string) => body += piece);
    request.on("end", () => {
      const answer = JsonTraceSerializer.serializeRequest([]) ?? new Uint8Array();
      response.writeHead(200, { "content-type": "application/json" }).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await using fh = Running.start([FH, "report", "otlp", "--run", saved], {
      env: {
        ...process.env as Record<string, string>,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      },
    });
    const { status } = await fh.end();
    assert.equal(status, 0, fh.stderr);
    const noted = "fh: 2 events were lost at 08:00:00 (overflow)\n";
    assert.equal(fh.stderr, `fh: sent 7 spans to ${endpoint}/v1/traces\n${noted}`);
    assert.equal(fh.stdout, "");
    assert.equal(JSON.parse(body).resourceSpans[0].scopeSpans[0].spans.length, 7);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("a report that cannot be written leaves nothing, and says why", () => {
  const { status, stderr } = runFh(["report", "csv", "--run", "/nonexistent", "-o", "/dev/full"]);
  assert.equal(status, 1);
  assert.match(stderr, /^fh: Cannot read saved run/);
  const saved = join(folder, "full.jsonl");
  writeFileSync(saved, [...runLines(buildSpans())].join(""));
  const full = runFh(["report", "csv", "--run", saved, "-o", "/dev/full"]);
  assert.deepEqual(
    [full.status, full.stderr],
    [1, "fh: Cannot write the report to /dev/full: ENOSPC\n"],
  );
  const nowhere = join(folder, "no", "folder.csv");
  assert.match(runFh(["report", "csv", "--run", saved, "-o", nowhere]).stderr, /ENOENT/);
  const script = `"$1" report csv -q --run "$2" | head -1`;
  const piped = runProgram("sh", ["-c", script, "-", FH, saved]);
  assert.deepEqual([piped.stderr, piped.stdout.slice(0, 9)], ["", "id,parent"]);
  assert.ok(!existsSync(nowhere));
});
