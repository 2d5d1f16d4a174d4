import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { watchCommand } from "../../../src/cmd/watch/command.ts";
import { SourceRefused } from "../../../src/source/capture.ts";
import { replay } from "../../../src/source/recording.ts";
import { type FakeContext, fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 0 };
const RECORDING = readFileSync(
  new URL("../../fixtures/recordings/shell.ndjson", import.meta.url),
  "utf8",
);

async function watch(
  options: Record<string, unknown>,
  recording = RECORDING,
  columns: number | null = null,
) {
  const context: FakeContext = fakeContext({ capture: replay(recording, EPOCH) });
  if (columns !== null) Object.assign(context.stdout, { isTerminal: true, columns });
  const status = await watchCommand.run(context, [], {
    source: "auto",
    color: "auto",
    realtime: true,
    ...options,
  });
  return { status, context, lines: context.stdout.lines };
}

const told = (lines: string[]) =>
  lines.slice(1).map((line) => JSON.parse(line)).map(({ event, pid }) => `${event} ${pid ?? ""}`);

test("fh watch tells what happens, and of its source when it is asked to", async () => {
  const { status, context, lines } = await watch({});
  assert.equal(status, 0);
  assert.equal(context.stderr.text, "");
  const { context: verbose } = await watch({ verbose: true });
  assert.deepEqual(verbose.stderr.lines, ["fh: source replay: a recording is played"]);
  assert.deepEqual(lines.map((line) => line.slice(13).replace(/ +/g, " ")), [
    "fork 60 50 root /bin/sh".replace("/bin/sh", "/bin/sh"),
    "exec 60 50 root false",
    "exit 60 50 root 5.0ms exit 1 false",
    "fork 61 50 root /bin/sh",
    "gap 7 events lost: overflow",
    "exit 61 50 nobody 50ms SIGKILL /bin/sh",
  ]);
});

test("fh watch shows on a terminal what is started, and of mere forks how they end", async () => {
  for (const columns of [80, 160]) {
    const { lines } = await watch({ color: "never" }, RECORDING, columns);
    assert.match(lines[0]!, /^TIME .* COMMAND$/);
    const told = lines.slice(1).map((line) => line.slice(13).replace(/ +/g, " "));
    assert.deepEqual(
      told,
      columns === 160
        ? [
          "exec 60 50 root false",
          "exit 60 50 root 5.0ms exit 1 false",
          "gap 7 events lost: overflow",
          "exit 61 50 nobody 50ms SIGKILL /bin/sh # no exec",
        ]
        : [
          "exec 60 50 root false",
          "exit 60 50 root false # exit 1, 5.0ms",
          "gap 7 events lost: overflow",
          "exit 61 50 nobody /bin/sh # SIGKILL, 50ms; no exec",
        ],
    );
  }
});

test("fh watch shows forks on a terminal when asked to, and counts them all the same", async () => {
  const { lines } = await watch({ event: ["fork"] }, RECORDING, 80);
  assert.equal(lines.filter((line) => line.includes(" fork ")).length, 2);
  const counted = await watch({ stats: true }, RECORDING, 80);
  assert.match(counted.lines.join("\n"), /: fork 2, exec 1, exit 2\n/);
  const { lines: two } = await watch({ count: 2, quiet: true }, RECORDING, 80);
  assert.deepEqual(two.map((line) => line.split(" ")[1]), ["exec", "exit"]);
});

test("fh watch --json begins with the source", async () => {
  const { lines } = await watch({ json: true });
  assert.deepEqual(JSON.parse(lines[0]!), {
    event: "source",
    time: "2023-11-14T22:13:20.010000000Z",
    source: "replay",
    why: "a recording is played",
  });
  assert.deepEqual(told(lines), ["fork 60", "exec 60", "exit 60", "fork 61", "gap ", "exit 61"]);
});

test("fh watch filters, and never filters a gap", async () => {
  const { lines } = await watch({ json: true, failed: true, minDuration: 20e6 });
  assert.deepEqual(told(lines), ["gap ", "exit 61"]);
});

test("fh watch --snapshot begins with what runs", async () => {
  const { lines } = await watch({ json: true, snapshot: true });
  assert.equal(told(lines)[0], "snapshot 50");
});

test("fh watch -e shows other events", async () => {
  const { lines } = await watch({ json: true, event: ["uid"] });
  assert.deepEqual(told(lines), ["uid 61", "gap "]);
});

test("fh watch --count ends after so many events", async () => {
  const { lines } = await watch({ json: true, count: 2 });
  assert.deepEqual(told(lines), ["fork 60", "exec 60"]);
});

test("fh watch --stats sums up on standard output, for JSON on standard error", async () => {
  const text = await watch({ stats: true });
  assert.match(text.lines.join("\n"), /: fork 2, exec 1, exit 2\nforks per second .*lost events 7/);
  assert.match(text.lines.join("\n"), /forked most:\n +2 {2}sh\n/);
  assert.match(text.lines.join("\n"), /started most:\n +1 {2}\/bin\/false/);
  const json = await watch({ stats: true, json: true });
  assert.match(json.context.stderr.text, /lost events 7/);
  for (const line of json.lines) JSON.parse(line);
});

test("fh watch --quiet says nothing on standard error", async () => {
  const { context } = await watch({ quiet: true });
  assert.equal(context.stderr.text, "");
});

test("fh watch -p takes a name, which is looked for among those that run", async () => {
  const { root, remove } = fakeProcfs([
    { pid: 1, ppid: 0, comm: "init", cmdline: "init\0" },
    { pid: 61, ppid: 1, comm: "bash", cmdline: "bash\0/opt/ci.sh\0", start: 7 },
  ], { "sys/kernel/random/boot_id": "7c0a51fe-1111-4222-8333-444444444444\n" });
  try {
    const lines = async (name: string) => {
      const context = fakeContext({ capture: replay(RECORDING, EPOCH), procRoot: root });
      const options = { source: "auto", color: "auto", realtime: true, json: true, pid: [name] };
      await watchCommand.run(context, [], options);
      return told(context.stdout.lines);
    };
    assert.deepEqual(await lines("ci.sh"), ["fork 61", "gap ", "exit 61"]);
    assert.deepEqual(await lines("7c0a51fe-61-7"), ["fork 61", "gap ", "exit 61"]);
    await assert.rejects(lines("7c0a51fe-61-99"), { status: 3 });
    await assert.rejects(lines("nobody"), { status: 3 });
    await assert.rejects(lines("61@03:12"), { status: 2 });
  } finally {
    remove();
  }
});

test("fh watch refuses an unknown user before anything starts", async () => {
  await assert.rejects(watch({ user: ["nobody-of-that-name"] }), { status: 2 });
});

test("fh watch says why a source is refused, and what to do", async () => {
  const refused = new SourceRefused("the kernel does not want to", "ask it nicely");
  const context = fakeContext({ capture: () => Promise.reject(refused) });
  await assert.rejects(
    watchCommand.run(context, [], { source: "connector", color: "auto", realtime: true }),
    {
      status: 1,
      message: "Cannot watch through the connector: the kernel does not want to; ask it nicely",
    },
  );
});

test("fh watch --json has what its source cannot do as lines, whenever that is told", async () => {
  const start = replay(RECORDING, EPOCH);
  const context = fakeContext({
    capture: (options, handlers) => {
      handlers.onNote?.("before it began");
      const onEnd = (error: Error | null) => {
        handlers.onNote?.("at its end");
        handlers.onEnd(error);
      };
      return start(options, { ...handlers, onEnd });
    },
  });
  const options = { source: "auto", color: "auto", realtime: true, json: true } as const;
  await watchCommand.run(context, [], options);
  const lines = context.stdout.text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.slice(0, 2).map(({ event }) => event), ["source", "info"]);
  const notes = lines.flatMap(({ event, kind, text }) => event === "info" ? [[kind, text]] : []);
  assert.deepEqual(notes, [["source", "before it began"], ["source", "at its end"]]);
  assert.match(context.stderr.text, /^fh: before it began$/m);
});

test("fh watch holds what a slow reader cannot take yet, and loses nothing of it", async () => {
  const context = fakeContext({ capture: replay(RECORDING, EPOCH) });
  context.stdout.pendingBytes = 10 << 20;
  const running = watchCommand.run(context, [], {
    source: "auto",
    color: "auto",
    realtime: true,
    json: true,
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(context.stdout.lines.length, 1, "only the source line so far");
  context.stdout.drain();
  await running;
  assert.equal(told(context.stdout.lines).length, 6);
});

/** A program that gets a password, and its descendant. */
const SECRETIVE = RECORDING.replace(
  '"false\\u0000"',
  '"mysql\\u0000-phunter2\\u0000x=lima\\u0000"',
);

test("fh watch shows no secrets, in text and as JSON", async () => {
  const text = await watch({}, SECRETIVE);
  assert.match(text.context.stdout.text, / mysql '-p\*\*\*' x=lima\n/);
  assert.doesNotMatch(text.context.stdout.text, /hunter2/);
  const { lines } = await watch({ json: true, event: ["exec"] }, SECRETIVE);
  assert.deepEqual(JSON.parse(lines[1]!).argv, ["mysql", "-p***", "x=lima"]);
});

test("fh watch --redact hides more, --no-redact nothing", async () => {
  const argv = async (options: Record<string, unknown>) => {
    const { lines } = await watch({ json: true, event: ["exec"], ...options }, SECRETIVE);
    return JSON.parse(lines[1]!).argv.join(" ");
  };
  assert.equal(await argv({ redact: [/x=(\w+)/] }), "mysql -p*** x=***");
  assert.equal(await argv({ redact: false }), "mysql -phunter2 x=lima");
});

test("fh watch filters by what it shows", async () => {
  const matching = async (match: RegExp) => {
    return told((await watch({ json: true, match: [match] }, SECRETIVE)).lines);
  };
  assert.deepEqual(await matching(/hunter/), ["gap "]);
  assert.deepEqual(await matching(/-p\*/), ["exec 60", "exit 60", "gap "]);
});

test("fh watch refuses a bad file of patterns before anything starts", async () => {
  await assert.rejects(watch({ redactFile: "/nonexistent" }), { status: 1 });
});
