import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Child } from "../../../src/cmd/watch/child.ts";
import { createRedact } from "../../../src/redact/redact.ts";

/** What a program does with its signals, by hand. */
class Signals {
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  readonly procRoot: string;
  ended: string | null = null;
  #listener: ((signal: NodeJS.Signals) => boolean) | null = null;

  constructor(procRoot = "/proc") {
    this.procRoot = procRoot;
  }

  readonly onSignal = (listener: ((signal: NodeJS.Signals) => boolean) | null): void => {
    this.#listener = listener;
  };

  readonly endBy = (signal: NodeJS.Signals): void => {
    this.ended = signal;
  };

  /** Whether somebody has dealt with it. */
  send(signal: NodeJS.Signals): boolean {
    return this.#listener?.(signal) ?? false;
  }

  stop(signal: NodeJS.Signals): void {
    this.#abort.abort(signal);
  }
}

async function statusOf(...argv: string[]): Promise<number | null> {
  const child = Child.start(argv, new Signals());
  await child.ended;
  return child.status;
}

test("status is the command's own", async () => {
  assert.equal(await statusOf("sh", "-c", "exit 42"), 42);
});

test("status is 128 + signal when it was killed", async () => {
  assert.equal(await statusOf("sh", "-c", "kill -9 $$"), 137);
});

test("start() says 127 for a command that is not found", () => {
  const error = { status: 127, message: "Cannot run fh-no-such: it was not found" };
  assert.throws(() => Child.start(["fh-no-such"], new Signals()), error);
  assert.throws(() => Child.start([""], new Signals()), { status: 127 });
});

test("start() hides the secrets of a command line that is taken for a program", () => {
  const message = "Cannot run mysql -p*** shop: it was not found";
  const start = () => Child.start(["mysql -phunter2 shop"], new Signals(), createRedact());
  assert.throws(start, { status: 127, message });
});

test("start() says 126 for a command that cannot be run", () => {
  for (const file of ["/etc/passwd", "/tmp"]) {
    assert.throws(() => Child.start([file], new Signals()), { status: 126 }, file);
  }
});

test("start() starts nothing once the end was asked for", () => {
  const signals = new Signals();
  signals.stop("SIGTERM");
  const error = { status: 143, message: "Did not run sleep: stopped by SIGTERM" };
  assert.throws(() => Child.start(["sleep", "60"], signals), error);
  assert.equal(signals.ended, "SIGTERM");
});

for (const name of ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const) {
  test(`${name} came to us alone: it is passed on, and ends us too`, async () => {
    const signals = new Signals();
    const child = Child.start(["sleep", "60"], signals);
    assert.ok(signals.send(name));
    await child.ended;
    assert.equal(child.status, 128 + constants.signals[name]);
    assert.equal(signals.ended, name);
    assert.ok(!signals.send(name), "it is nobody's any more");
  });
}

test("each signal is passed on, also the second of a kind", async () => {
  const signals = new Signals();
  const script = "n=0; trap 'n=$((n+1))' TERM; while [ $n -lt 2 ]; do sleep 0.01; done; exit 5";
  const child = Child.start(["sh", "-c", script], signals);
  const timer = setInterval(() => signals.send("SIGTERM"), 50);
  await child.ended;
  clearInterval(timer);
  assert.equal(child.status, 5);
  assert.equal(signals.ended, null, "it has dealt with it, and ended by itself");
});

/** A procfs in which this process is or is not what its terminal sends signals to. */
function procfs(tty: number, foreground: number): string {
  const root = mkdtempSync(join(tmpdir(), "fh-child-"));
  const { pid } = process;
  mkdirSync(join(root, `${pid}`));
  const rest = `4194304 ${"0 ".repeat(20)}0 0 0`;
  writeFileSync(
    join(root, `${pid}`, "stat"),
    `${pid} (fh) S 1 70 70 ${tty} ${foreground} ${rest}\n`,
  );
  return root;
}

test("SIGINT is left to the terminal, which sends it to both, and else passed on", async () => {
  const table = [[1025, 70, false], [1025, 71, true], [0, -1, true]] as const;
  for (const [tty, foreground, passed] of table) {
    const root = procfs(tty, foreground);
    const signals = new Signals(root);
    const child = Child.start(["sleep", "60"], signals);
    assert.ok(signals.send("SIGINT"));
    // Whatever was sent is there first.
    process.kill(child.pid, "SIGTERM");
    await child.ended;
    rmSync(root, { recursive: true });
    const which = `terminal ${tty}, foreground ${foreground}`;
    assert.equal(signals.ended, passed ? "SIGINT" : "SIGTERM", which);
    assert.equal(child.status, passed ? 130 : 143, which);
  }
});
