import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { treeCommand } from "../../../src/cmd/tree/command.ts";
import { SourceRefused, type StartCapture } from "../../../src/source/capture.ts";
import { until } from "../../support/until.ts";
import { exec, exit, fork, gap, scan } from "../../support/events.ts";
import { type FakeContext, fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { HandFed } from "../../support/hand_fed.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 0 };
const ENTER = "\x1b[?1049h";
const LEAVE = "\x1b[?1049l";
const SECOND = 1e9;
const SNAPSHOT = scan(10 * SECOND, 10 * SECOND, [
  { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
  { pid: 50, ppid: 1, start: SECOND, argv: ["sh"] },
]);

interface Watching {
  readonly context: FakeContext;
  readonly source: HandFed;
  readonly status: Promise<number>;
  /** Waits until the screen shows these lines, the last one apart; gives that. */
  screen(...lines: string[]): Promise<string>;
}

/** Runs the command on a terminal while `use` looks at it, then ends it as Ctrl-C does. */
async function watching(
  operands: readonly string[],
  options: Record<string, unknown>,
  use: (watching: Watching) => void | Promise<void>,
): Promise<FakeContext> {
  const processes = [1, 50, 60].map((pid) => ({ pid, ppid: pid === 1 ? 0 : 1, comm: "x" }));
  const { root: procRoot, remove } = fakeProcfs(processes.slice(0, 2));
  const source = new HandFed(EPOCH, 10 * SECOND);
  const context = fakeContext({
    env: { LANG: "C.UTF-8" },
    procRoot,
    capture: source.start,
    now: () => (EPOCH.seconds + 20) * 1000,
  });
  context.stdout.isTerminal = true;
  const listeners = () =>
    ["SIGWINCH", "SIGTSTP", "SIGCONT"].map((name) => process.listenerCount(name));
  const before = listeners();
  const status = treeCommand.run(context, operands, { watch: true, color: "never", ...options });
  const screen = (...lines: string[]) =>
    until(() => {
      const shown = screenOf(context.stdout.text);
      const same = shown.slice(0, -1).join("\n") === lines.join("\n");
      return same ? shown.at(-1)! : null;
    });
  try {
    await until(() => context.stdout.text.includes(ENTER));
    await use({ context, source, status, screen });
    context.abort.abort("SIGINT");
    assert.equal(await status, 0);
  } finally {
    context.abort.abort("SIGINT");
    await status.catch(() => {});
    remove();
  }
  assert.ok(context.stdout.text.endsWith(LEAVE));
  assert.deepEqual(listeners(), before);
  return context;
}

/** The lines that a terminal would show. */
function screenOf(text: string): string[] {
  const lines: string[] = [];
  // deno-lint-ignore no-control-regex
  const parts = /\x1b\[(?:2J|(\d+);1H)([^\x1b]*)(\x1b\[J)?/g;
  for (const [, row, line, erase] of text.replaceAll("\x1b[K", "").matchAll(parts)) {
    const at = row === undefined ? 0 : Number(row) - 1;
    if (row === undefined || erase !== undefined) lines.length = at;
    else lines[at] = line!;
  }
  return lines;
}

const SH = ["1 /sbin/init", "└─ 50 sh"];
const STATUS = "source replay, Ctrl-C ends";

test("fh tree --watch draws what is there, and with -v says its source before", async () => {
  const { stderr, stdout } = await watching([], { verbose: true }, async ({ source, screen }) => {
    source.send(SNAPSHOT);
    assert.equal(await screen(...SH), STATUS);
  });
  assert.deepEqual(stderr.lines, ["fh: source replay: a test feeds it"]);
  assert.ok(stdout.text.startsWith(ENTER));
});

test("fh tree --watch shows what begins, changes and ends", async () => {
  await watching([], {}, async ({ source, screen }) => {
    source.send([...SNAPSHOT, fork(11 * SECOND, 60, 50)]);
    await screen(...SH, "   └─ 60 sh");
    source.send([exec(11 * SECOND, 60, "make")]);
    await screen(...SH, "   └─ 60 make");
    source.send([exit(11 * SECOND + 5e8, 60, 0x200)]);
    await screen(...SH, "   └─ 60 make  # exit 2, 500ms");
  });
});

test("fh tree --watch --times --bars has columns below their names", async () => {
  await watching(["50"], { times: true, bars: true }, async ({ context, source }) => {
    source.send([...SNAPSHOT, fork(11 * SECOND, 60, 50), exit(15 * SECOND + 5e8, 60, 0x200)]);
    const shown = await until(() => {
      const lines = screenOf(context.stdout.text);
      return lines.length === 5 ? lines.map((line) => line.slice(line.search(/[. ]/))) : null;
    });
    assert.match(shown[0]!, /^ +STARTED +LASTED .* PROCESS$/);
    assert.match(shown[1]!, /20\.0s {2}◂█+▸ {2}1 \/sbin\/init$/);
    assert.match(shown[2]!, /19\.0s {2}█+▸ {2}└─ 50 sh$/);
    assert.match(shown[3]!, /4\.50s {2} +█+.?✗ + └─ 60 sh {2}# exit 2$/);
  });
});

test("fh tree --watch shows what has ended for the time of --keep", async () => {
  await watching([], { keep: 3 * SECOND }, async ({ source, screen }) => {
    source.send([...SNAPSHOT, fork(11 * SECOND, 60, 50), exit(12 * SECOND, 60, 0)]);
    await screen(...SH, "   └─ 60 sh  # exit 0, 1.00s");
    source.send([fork(14 * SECOND, 61, 50)]);
    await screen(...SH, "   ├─ 60 sh  # exit 0, 1.00s", "   └─ 61 sh");
    source.send([exit(15 * SECOND + 1, 61, 9)]);
    await screen(...SH, "   └─ 61 sh  # SIGKILL, 1.00s");
  });
});

test("fh tree --watch takes away what has ended even when nothing happens any more", async () => {
  await watching([], { keep: 3e8 }, async ({ source, screen }) => {
    source.send([...SNAPSHOT, fork(10 * SECOND, 60, 50), exit(10 * SECOND, 60, 0)]);
    await screen(...SH);
  });
});

test("fh tree --watch keeps an ended parent as long as its children live", async () => {
  await watching(["50"], { keep: 1 }, async ({ source, screen }) => {
    source.send([
      ...SNAPSHOT,
      fork(11 * SECOND, 60, 50),
      fork(11 * SECOND, 61, 60),
      exit(12 * SECOND, 60, 0),
    ]);
    await screen(...SH, "   └─ 60 sh  # exit 0, 1.00s", "      └─ 61 sh");
    source.send([exit(12 * SECOND + 1, 61, 0), exit(13 * SECOND, 50, 0)]);
    // The process that was asked for stays.
    await screen("1 /sbin/init", "└─ 50 sh  # exit 0, 12.0s");
  });
});

test("fh tree --watch shows the lines around the process when not all fit", async () => {
  const many = Array.from({ length: 30 }, (_, i) => fork(11 * SECOND + i, 60 + i, 50));
  const options = { fold: false, depth: 1 };
  await watching([], { fold: false }, async ({ context, source, screen }) => {
    context.stdout.rows = 4;
    source.send([...SNAPSHOT, ...many]);
    const status = await screen(...SH, "   ├─ 60 sh");
    assert.equal(status, "source replay, 29 lines hidden, Ctrl-C ends");
    context.stdout.rows = 5;
    context.stdout.columns = 12;
    process.emit("SIGWINCH", "SIGWINCH");
    assert.equal(
      await screen("1 /sbin/init", ...SH.slice(1), "   ├─ 60 sh", "   ├─ 61 sh"),
      "source repl…",
    );
  });
  await watching(["50"], options, async ({ context, source, screen }) => {
    context.stdout.rows = 3;
    source.send([...SNAPSHOT, ...many]);
    const status = await screen("└─ 50 sh", "   ├─ 60 sh");
    assert.equal(status, "source replay, 30 lines hidden, Ctrl-C ends");
  });
});

test("fh tree --watch says how many events were lost", async () => {
  await watching([], {}, async ({ source, screen }) => {
    source.send([...SNAPSHOT, gap(11 * SECOND, 7)]);
    assert.equal(await screen(...SH), "source replay, 7 events lost, Ctrl-C ends");
  });
});

test("fh tree --watch does not draw on a terminal that takes nothing (Ctrl-S)", async () => {
  await watching([], {}, async ({ context, source, screen }) => {
    source.send(SNAPSHOT);
    await screen(...SH);
    const { length } = context.stdout.text;
    context.stdout.pendingBytes = 100;
    for (let i = 0; i < 5; i++) source.send([fork(11 * SECOND + i, 60 + i, 50)]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(context.stdout.text.length, length);
    context.stdout.drain();
    await screen(...SH, "   └─ 5*[sh]");
  });
});

test("fh tree --watch writes nothing when the picture stays the same", async () => {
  await watching(["50"], { ancestors: true }, async ({ context, source, screen }) => {
    source.send(SNAPSHOT);
    await screen(...SH);
    const { length } = context.stdout.text;
    source.send([fork(11 * SECOND, 60, 50)]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(context.stdout.text.length, length);
  });
});

test("fh tree --watch gives the terminal back before an error is told", async () => {
  const fails = watching([], {}, async ({ source, status }) => {
    source.send(SNAPSHOT);
    source.fail(new Error("the source broke"));
    await status;
  });
  await assert.rejects(fails, { message: "the source broke" });
});

test("fh tree --watch does not begin for a process that is gone, or without a source", async () => {
  const { root: procRoot, remove } = fakeProcfs([{ pid: 1, ppid: 0, comm: "init" }]);
  try {
    const capture: StartCapture = () => {
      throw new SourceRefused("not in this namespace", "run it outside");
    };
    const context = fakeContext({ procRoot, capture });
    context.stdout.isTerminal = true;
    const options = { watch: true, source: "connector" };
    await assert.rejects(treeCommand.run(context, ["4711"], options), { status: 3 });
    await assert.rejects(treeCommand.run(context, ["1"], options), {
      status: 1,
      message: "Cannot watch through the connector: not in this namespace; run it outside",
    });
    assert.equal(context.stdout.text, "");
  } finally {
    remove();
  }
});

/** The command on the real kernel, below this process; waits for lines on its screen. */
async function watchingKernel(
  use: (line: (pattern: RegExp) => Promise<string>) => Promise<void>,
): Promise<void> {
  const context = fakeContext({ env: { LANG: "C.UTF-8" } });
  const { stdout } = context;
  Object.assign(stdout, { isTerminal: true, columns: 200, rows: 1000 });
  const options = { watch: true, color: "never", descendants: true };
  const status = treeCommand.run(context, [String(process.pid)], options);
  const line = (pattern: RegExp) =>
    until(() => screenOf(stdout.text).find((shown) => pattern.test(shown)) ?? null);
  try {
    await line(new RegExp(`^${process.pid} `));
    await use(line);
  } finally {
    context.abort.abort("SIGTERM");
    assert.equal(await status, 0);
  }
  assert.ok(stdout.text.endsWith(LEAVE));
}

test("fh tree --watch sees a child of this process come and go on the real kernel", async () => {
  await watchingKernel(async (line) => {
    const script = "read x; exit 7";
    const child = spawn("/bin/sh", ["-c", script], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    await line(new RegExp(`─ ${child.pid} /bin/sh -c '${script}'$`));
    child.stdin.end();
    await line(new RegExp(`─ ${child.pid} /bin/sh -c '${script}' {2}# exit [7?], `));
  });
});

test("fh tree --watch leaves an orphan below its dead parent, and tells its reaper", async () => {
  await watchingKernel(async (line) => {
    const script = "sleep 4711 & read x";
    const child = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
    await line(/─ \d+ sleep 4711$/);
    child.stdin.end();
    await line(new RegExp(`─ ${child.pid} /bin/sh -c '${script}' {2}# exit `));
    const orphan = await line(/^ +└─ \d+ sleep 4711 {2}# adopted by \d+$/);
    process.kill(Number(/\d+/.exec(orphan)![0]), "SIGKILL");
    await line(/─ \d+ sleep 4711 {2}# (SIGKILL|exit \?), /);
  });
});

test("fh tree --watch shows no secrets, unless told to", async () => {
  const events = [...SNAPSHOT, fork(11 * SECOND, 60, 50), exec(11 * SECOND, 60, "a", "TOKEN=b")];
  await watching([], {}, async ({ source, screen }) => {
    source.send(events);
    await screen(...SH, "   └─ 60 a 'TOKEN=***'");
  });
  await watching([], { redact: false }, async ({ source, screen }) => {
    source.send(events);
    await screen(...SH, "   └─ 60 a TOKEN=b");
  });
});
