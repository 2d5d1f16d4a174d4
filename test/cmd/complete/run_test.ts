import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "../../../src/cli/command.ts";
import { runCli } from "../../../src/commands.ts";
import { temporaryFolder } from "../../support/at_end.ts";
import { exec, exit, fork } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { type FakeProcess, fakeProcfs } from "../../support/fake_procfs.ts";
import { begun } from "../../support/written.ts";

const folder = temporaryFolder("fh-complete-");
/** Neither a history nor a recorder is there. */
const NOTHING = { FH_DB: join(folder, "none.db"), FH_SOCKET: join(folder, "none.sock") };

async function answer(words: readonly string[], parts: Partial<Context> = {}): Promise<string> {
  const context = fakeContext({ env: NOTHING, procRoot: folder, ...parts });
  assert.equal(await runCli(context, ["complete", "--", ...words]), 0);
  assert.equal(context.stderr.text, "");
  return context.stdout.text;
}

/** The words alone. */
async function offered(words: readonly string[], parts: Partial<Context> = {}): Promise<string[]> {
  const [kind, ...lines] = (await answer(words, parts)).split("\n");
  assert.equal(kind, "words");
  assert.equal(lines.pop(), "");
  return lines.map((line) => line.replace(/\t.*/, ""));
}

/** A host where programs have these names. */
function host(names: Readonly<Record<number, string>>) {
  const entries = Object.entries(names);
  const processes = entries.map(([pid, comm]): FakeProcess => ({
    pid: Number(pid),
    ppid: 0,
    comm,
  }));
  return fakeProcfs(
    processes,
    Object.fromEntries(entries.map(([pid, comm]) => [`${pid}/comm`, `${comm}\n`])),
  );
}

test("an answer says how it is to be read, and has a tab behind each word", async () => {
  assert.equal(await answer(["--vers"]), "words\n--version\tthe version of fh\n");
  assert.equal(await answer(["log", "--source=p"]), "words\n--source=poll\t\n");
  assert.equal(await answer(["log", "--db=/tm"]), "files\n--db=\n");
  assert.equal(await answer(["export", "-o", ""]), "files\n\n");
  assert.equal(await answer(["run", "-q", "ls", "-"]), "command\n2\n");
  assert.match(await answer([]), /^words\nwatch\t/);
});

test("pids and names of what runs, without what a shell would have to quote", async () => {
  const { root, remove } = host({
    1: "init",
    40: "bash",
    41: "$(reboot)",
    42: "a b",
    43: "x;y",
    44: "kworker/0:1",
    45: "-rf",
    46: "two\nlines",
  });
  try {
    const there = { procRoot: root };
    assert.deepEqual(await offered(["why", "4"], there), [
      "40",
      "41",
      "42",
      "43",
      "44",
      "45",
      "46",
    ]);
    assert.deepEqual(await offered(["log", "-c", ""], there), [
      "init",
      "bash",
      "kworker/0:1",
      "-rf",
    ]);
    assert.deepEqual(await offered(["why", "b"], there), ["bash"]);
    assert.deepEqual(await offered(["tree", "b"], there), ["bash"]);
    assert.deepEqual((await offered(["why", ""], there)).slice(0, 2), ["1", "40"]);
    assert.match(await answer(["tree", "41"], there), /^words\n41\t\$\(reboot\)\n$/);
    assert.match(await answer(["tree", "46"], there), /^words\n46\ttwo\\nlines\n$/);
  } finally {
    remove();
  }
});

test("names of what ran, and jobs, as the history has them", async () => {
  using past = begun();
  past.tell(fork(60e9, 200, 100), exec(60e9 + 1, 200, "/bin/rsync"), exit(61e9, 200, 0)).end();
  const file = new DatabaseSync(past.path);
  file.exec(`INSERT INTO job (id, name, owner, boot, since, until, started, lost) VALUES
    (1, 'build', 0, 1, 1, 2, 0, 0), (2, 'web', 0, 1, 1, NULL, 0, 0)`);
  file.close();
  const { root, remove } = host({ 1: "init", 2: "rsyslogd" });
  try {
    const there = { procRoot: root, env: { ...NOTHING, FH_DB: past.path } };
    assert.deepEqual(await offered(["log", "-c", "rs"], there), ["rsyslogd", "rsync"]);
    assert.equal(await answer(["why", "rsyn"], there), "words\nrsync\tran\n");
    assert.equal(await answer(["log", "-c", "init"], there), "words\ninit\truns\n");
    assert.deepEqual(await offered(["job", "add", ""], there), ["web"]);
    assert.deepEqual(await offered(["job", "show", ""], there), ["web", "build"]);
    const named = ["job", "export", "--db", past.path, "b"];
    assert.deepEqual(await offered(named), ["build"]);
  } finally {
    remove();
  }
});

test("users, groups, signals and times", async () => {
  assert.deepEqual(await offered(["log", "-u", "roo"]), ["root"]);
  assert.deepEqual(await offered(["serve", "--socket-group=roo"]), ["--socket-group=root"]);
  assert.deepEqual(await offered(["job", "kill", "x", "--signal", "K"]), ["KILL"]);
  assert.deepEqual(await offered(["job", "kill", "x", "--signal", "SIGUSR"]), [
    "SIGUSR1",
    "SIGUSR2",
  ]);
  assert.deepEqual((await offered(["register", "--sig", "SIGRTMIN+3"])).slice(0, 2), [
    "SIGRTMIN+3",
    "SIGRTMIN+30",
  ]);
  assert.deepEqual(await offered(["log", "--since", "y"]), ["yesterday"]);
});

test("without a history, a recorder and a /proc nothing is offered, and all is well", async () => {
  const nowhere = { procRoot: join(folder, "no-proc") };
  for (const words of [["why", ""], ["why", "1"], ["tree", ""], ["log", "-c", ""]]) {
    assert.deepEqual(await offered(words, nowhere), [], words.join(" "));
  }
  for (const action of ["show", "add", "wait"]) {
    assert.deepEqual(await offered(["job", action, ""]), []);
  }
  assert.deepEqual(await offered(["job", "show", "--db", join(folder, "other"), ""]), []);
  assert.deepEqual(await offered(["why", `--db=${process.execPath}`, "x"], nowhere), []);
});

test("a recorder that does not answer is not waited for", async () => {
  const path = join(folder, "silent.sock");
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const words = offered(["job", "show", ""], { env: { ...NOTHING, FH_SOCKET: path } });
    assert.deepEqual(await Promise.race([words, delay(5000, "late", { ref: false })]), []);
    assert.equal(sockets.length, 1);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
