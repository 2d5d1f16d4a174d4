/** Registered applications on the real kernel: every fork, in order, to whom it is meant for. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { ask, ServerFolder } from "../support/server.ts";
import { unless } from "../support/unless.ts";

const SIG = 40;
const SI_ASYNCIO = -4;
const NOBODY = 65534;

const isRoot = process.getuid?.() === 0;
const missing = programsMissing ?? connectorMissing ?? (isRoot ? null : "needs root");

/** A receiver that has blocked its signals. */
async function receiver(
  args: readonly string[] = [],
  as: readonly string[] = [],
): Promise<Running> {
  const running = Running.start([...as, program("sigwait")!, ...args]);
  await running.wrote("ready");
  return running;
}

/** Forks that wait for the word, and what they did. */
class Load {
  readonly running: Running;
  readonly #out: string;

  private constructor(running: Running, out: string) {
    this.running = running;
    this.#out = out;
  }

  static async ready(folder: ServerFolder, name: string, ...args: string[]): Promise<Load> {
    const out = `${folder.path}/${name}`;
    const running = Running.start([program("forks")!, "-g", "-o", out, ...args]);
    await running.wrote("ready");
    return new Load(running, out);
  }

  get pid(): number {
    return this.running.pid;
  }

  /** Lets it fork; the lines `FORKER CHILD` in order. */
  async go(): Promise<string[]> {
    this.running.tell("go");
    assert.equal((await this.running.end()).status, 0);
    return readFileSync(this.#out, "utf8").trimEnd().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
  }
}

/** What a receiver was told, `FORKER CHILD` each; every siginfo is as in 2004. */
function pairs({ stdout }: Running, sig = SIG): string[] {
  const lines = stdout.split("\n").filter((line) => /^\d+ -?\d+ \d+ \d+ \d+$/.test(line));
  return lines.map((line) => {
    const [signo, code, errno, forker, child] = line.split(" ");
    assert.deepEqual([signo, code, errno], [String(sig), String(SI_ASYNCIO), "0"], line);
    return `${forker} ${child}`;
  });
}

/** Waits until a receiver was told so much, and a little longer for what must not come. */
async function toldAll(running: Running, count: number, sig = SIG): Promise<string[]> {
  await running.until(`${count} signals`, () => pairs(running, sig).length >= count);
  await delay(100);
  return pairs(running, sig);
}

test(
  ...unless(missing, "10 000 forks are 10 000 signals, with the right pairs, in order"),
  async () => {
    using folder = new ServerFolder();
    await using _server = await folder.serve();
    await using told = await receiver();
    await using load = await Load.ready(folder, "a", "10000");
    await ask(folder.socket, "register", {
      pid: told.pid,
      sig: SIG,
      scope: { descendants_of: load.pid },
    });
    told.tell("go");
    const truth = await load.go();
    assert.equal(truth.length, 10_000);
    assert.deepEqual(await toldAll(told, 10_000), truth);
  },
);

test(
  ...unless(missing, "two listeners, each with its scope; a third is told of both"),
  async () => {
    using folder = new ServerFolder();
    await using _server = await folder.serve();
    await using first = await receiver();
    await using second = await receiver();
    await using both = await receiver();
    await using one = await Load.ready(folder, "one", "1000", "-d", "2");
    await using two = await Load.ready(folder, "two", "1500");
    for (const [told, load] of [[first, one], [second, two]] as const) {
      const scope = { descendants_of: load.pid };
      await ask(folder.socket, "register", { pid: told.pid, sig: SIG, scope });
      told.tell("go");
    }
    await ask(folder.socket, "register", { pid: both.pid, sig: SIG + 1 });
    both.tell("go");
    const [truthOfOne, truthOfTwo] = await Promise.all([one.go(), two.go()]);
    assert.deepEqual(await toldAll(first, 2000), truthOfOne);
    assert.deepEqual(await toldAll(second, 1500), truthOfTwo);
    const all = new Set(await toldAll(both, 3500, SIG + 1));
    for (const pair of [...truthOfOne, ...truthOfTwo]) assert.ok(all.has(pair), pair);
  },
);

test(
  ...unless(
    missing,
    "exclusive: the second is refused, and told nothing; when the first ends it may",
  ),
  async () => {
    using folder = new ServerFolder();
    await using _server = await folder.serve();
    const first = await receiver();
    await using second = await receiver();
    second.tell("go");
    await ask(folder.socket, "register", { pid: first.pid, sig: SIG, exclusive: true });
    const again = () =>
      ask(folder.socket, "register", { pid: second.pid, sig: SIG, exclusive: true });
    await assert.rejects(again, { error: "EUSERS", errno: 87 });
    await using load = await Load.ready(folder, "a", "100");
    await load.go();
    await delay(100);
    assert.deepEqual(pairs(second), []);
    await first[Symbol.asyncDispose]();
    for (let tries = 0; tries < 100; tries++) {
      const done = await again().then(() => true, () => false);
      if (done) break;
      await delay(10);
    }
    const { listeners } = await ask(folder.socket, "listeners");
    assert.deepEqual(listeners.map(({ pid }: { pid: number }) => pid), [second.pid]);
  },
);

test(
  ...unless(missing, "a receiver whose queue was full is told all, in order, when it goes on"),
  async () => {
    using folder = new ServerFolder();
    await using _server = await folder.serve();
    await using told = await receiver(["-l", "500"]);
    await using load = await Load.ready(folder, "a", "5000");
    await ask(folder.socket, "register", {
      pid: told.pid,
      sig: SIG,
      scope: { descendants_of: load.pid },
    });
    process.kill(told.pid, "SIGSTOP");
    const truth = await load.go();
    const waiting = async () => (await ask(folder.socket, "listeners")).listeners[0];
    let { sent, waiting: left, lost } = await waiting();
    for (let tries = 0; sent + left < 5000 && tries < 500; tries++) {
      await delay(10);
      ({ sent, waiting: left, lost } = await waiting());
    }
    assert.equal(sent + left, 5000);
    assert.ok(sent <= 500, `${sent} fitted`);
    assert.equal(lost, 0);
    process.kill(told.pid, "SIGCONT");
    told.tell("go");
    assert.deepEqual(await toldAll(told, 5000), truth);
    assert.deepEqual([(await waiting()).sent, (await waiting()).waiting], [5000, 0]);
  },
);

/** Starts `sigwait` as the process with exactly that pid; null when somebody else got it. */
async function receiverWithPid(pid: number): Promise<Running | null> {
  const fork = '"$0" <&3 & echo pid $!; wait';
  const script = `exec 3<&0; echo ${pid - 1} > /proc/sys/kernel/ns_last_pid; ${fork}`;
  const shell = Running.start(["sh", "-c", script, program("sigwait")!]);
  await shell.wrote("ready");
  if (shell.stdout.includes(`pid ${pid}\n`)) return shell;
  await shell[Symbol.asyncDispose]();
  return null;
}

const reuseMissing = missing ??
  (existsSync("/proc/sys/kernel/ns_last_pid") ? null : "needs CONFIG_CHECKPOINT_RESTORE");

test(
  ...unless(reuseMissing, "a stranger that has the pid of one that was registered is told nothing"),
  async () => {
    using folder = new ServerFolder();
    await using server = await folder.serve();
    const first = await receiver();
    const { pid } = first;
    await ask(folder.socket, "register", { pid, sig: SIG });
    // While the server looks away the receiver ends, another gets its pid, and much is forked.
    process.kill(server.pid, "SIGSTOP");
    await first[Symbol.asyncDispose]();
    let stranger: Running | null = null;
    for (let tries = 0; stranger === null && tries < 200; tries++) {
      stranger = await receiverWithPid(pid);
    }
    assert.ok(stranger !== null, `somebody got pid ${pid}`);
    await using _stranger = stranger;
    await using load = await Load.ready(folder, "a", "200");
    await load.go();
    process.kill(server.pid, "SIGCONT");
    await delay(300);
    // Blocked signals would be pending: SigPnd and ShdPnd of proc_pid_status(5).
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    assert.match(status, /^SigPnd:\t0+$/m);
    assert.match(status, /^ShdPnd:\t0+$/m);
    assert.deepEqual((await ask(folder.socket, "listeners")).listeners, []);
    process.kill(pid, "SIGKILL");
  },
);

test(
  ...unless(missing, "an ordinary user is told of his own forks, and of nobody else's"),
  async () => {
    using folder = new ServerFolder();
    runProgram("chmod", ["0755", folder.path]);
    await using _server = await folder.serve(["--socket-group", String(NOBODY)]);
    await using told = await receiver([], AS_NOBODY);
    const request = { op: "register", pid: told.pid, sig: SIG };
    const script = `const s = require("net").connect(process.argv[1]);
    s.on("data", (text) => { process.stdout.write(text); process.exit(); });
    s.write(process.argv[2] + "\\n");`;
    const asNobody = (line: object) => {
      const [command, ...args] = [...AS_NOBODY, "node", "-e", script];
      const text = JSON.stringify(line);
      return JSON.parse(runProgram(command!, [...args, folder.socket, text]).stdout);
    };
    assert.equal(asNobody(request).ok, true);
    told.tell("go");
    await using roots = await Load.ready(folder, "roots", "300");
    await roots.go();
    const own = Running.start([...AS_NOBODY, program("forks")!, "300"]);
    await using _own = own;
    assert.equal((await own.end()).status, 0);
    assert.deepEqual(await toldAll(told, 300), own.stdout.trimEnd().split("\n"));
    const table: [object, string][] = [
      [{ op: "register", pid: process.pid, sig: SIG }, "EPERM"],
      [{ op: "register", pid: told.pid, sig: SIG, scope: { descendants_of: 1 } }, "EPERM"],
      [{ op: "register", pid: told.pid, sig: SIG, exclusive: true }, "EPERM"],
      [{ op: "unregister", pid: process.pid }, "done"],
      [{ op: "tree", target: process.pid }, "ESRCH"],
      [{ op: "why", target: process.pid }, "ESRCH"],
      [{ op: "tree", target: told.pid }, "done"],
      [{ op: "why", target: told.pid }, "done"],
      [{ op: "unregister", pid: told.pid }, "done"],
    ];
    for (const [line, expected] of table) {
      const { error = "done" } = asNobody(line);
      assert.equal(error, expected, JSON.stringify(line));
    }
    for (const op of ["tree", "why"]) {
      const [hidden, absent] = [process.pid, 4_194_304].map((target) => asNobody({ op, target }));
      assert.equal(hidden.message, absent.message, "whether it is there is not told");
    }
    const { tree } = asNobody({ op: "tree" });
    const uids = new Set(JSON.stringify(tree).match(/"uid":\d+/g));
    assert.deepEqual([...uids], [`"uid":${NOBODY}`]);
  },
);

test(...unless(missing, "without a group nobody else gets in"), async () => {
  using folder = new ServerFolder();
  runProgram("chmod", ["0755", folder.path]);
  await using _server = await folder.serve();
  const script = `require("net").connect(process.argv[1]).on("error", (e) => console.log(e.code))`;
  const [command, ...args] = [...AS_NOBODY, "node", "-e", script, folder.socket];
  assert.equal(runProgram(command!, args).stdout, "EACCES\n");
});
