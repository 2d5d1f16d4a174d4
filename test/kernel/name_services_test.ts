/** Users whom only the host's name services know; a getent(1) of ours stands for theirs. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { mountsMissing } from "../support/mounts.ts";
import { FH_SOURCE, Running } from "../support/running.ts";
import { ask } from "../support/server.ts";

const ANN = 54_321;
const EVE = 54_322;
const missing = mountsMissing;
const ENV = { LANG: "C.UTF-8", FH_DB: "/nonexistent/history.db" };
const name = (text: string) => `${text}${missing === null ? "" : ` (${missing})`}`;

const folder = temporaryFolder("fh-names-");
chmodSync(folder, 0o755);

/** A directory in which Ann is, on a host of its own; what it is asked stands in a file. */
class Host {
  readonly #log: string;
  readonly #files: string[];

  constructor(title: string, answer: string) {
    this.#log = join(folder, `${title}.log`);
    const [nsswitch, getent] = [join(folder, `${title}.conf`), join(folder, title)];
    writeFileSync(this.#log, "");
    writeFileSync(nsswitch, "passwd: files sss\n");
    writeFileSync(getent, `#!/bin/sh\necho "$*" >> ${this.#log}\n${answer}\n`);
    chmodSync(getent, 0o755);
    this.#files = [nsswitch, getent];
  }

  /** What was asked for, one call a line. */
  get asked(): string[] {
    return readFileSync(this.#log, "utf8").split("\n").filter((line) => line !== "");
  }

  /** Runs fh on it. */
  fh(...args: readonly string[]): Running {
    const mount = "mount --bind $1 /etc/nsswitch.conf && " +
      'mount --bind $2 $(readlink -f /usr/bin/getent) && shift 2 && exec "$@"';
    return Running.start(
      ["unshare", "--mount", "sh", "-c", mount, "sh", ...this.#files, ...FH_SOURCE, ...args],
      { env: { ...process.env, ...ENV } as Record<string, string> },
    );
  }
}

const KNOWS_ANN = [
  "shift",
  'for key in "$@"; do',
  `  case $key in ann|${ANN}) echo "ann:*:${ANN}:${ANN}::/:/bin/sh" ;; esac`,
  "done",
  "exit 2",
].join("\n");

/** A program of somebody. */
const sleeper = (uid: number) =>
  Running.start(["setpriv", `--reuid=${uid}`, "--clear-groups", "sleep", "60"]);

test(name("users of a directory have names, and can be asked for"), {
  skip: missing !== null,
}, async () => {
  const host = new Host("knows", KNOWS_ANN);
  await using ann = sleeper(ANN);
  await using eve = sleeper(EVE);
  await using tree = host.fh("tree", "--no-fold", "--quiet");
  const { stdout } = await tree.end();
  assert.match(stdout, new RegExp(`─ ${ann.pid} \\(ann\\) sleep 60`));
  assert.match(stdout, new RegExp(`─ ${eve.pid} \\(${EVE}\\) sleep 60`));
  const own = host.asked.filter((line) => /5432[12]$/.test(line)).sort();
  assert.deepEqual(own, [`passwd ${ANN}`, `passwd ${EVE}`]);
  await using log = host.fh("log", "--user", "ann", "--json", "--quiet");
  const lines = (await log.end()).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const pids = lines.filter(({ event }) => event !== "info").map(({ pid }) => pid);
  assert.deepEqual(pids, [ann.pid]);
  await using none = host.fh("log", "--user", "zoe", "--quiet");
  assert.match((await none.end()).stderr, /^fh: Unknown user: zoe; /);
});

test(name("a stream does not wait for a directory, and has the name soon"), {
  skip: missing !== null,
}, async () => {
  const host = new Host("later", KNOWS_ANN);
  await using watch = host.fh("watch", "--json", "--user", "ann", "--source", "poll");
  await watch.wrote('"event":"source"');
  const users = () => watch.events.map((event) => "user" in event ? event.user : null);
  const late = performance.now() + 60_000;
  while (!users().includes("ann")) {
    assert.ok(performance.now() < late, "no event of Ann's has her name");
    await using one = sleeper(ANN);
    await watch.until(
      "an event",
      () => watch.events.some((event) => "pid" in event && event.pid === one.pid),
    );
  }
  assert.ok(host.asked.length <= 2, host.asked.join("; "));
});

test(name("peers name users of a directory; one that is down holds nobody up for long"), {
  skip: missing !== null,
}, async () => {
  const socket = join(folder, "fh.sock");
  const host = new Host("peers", KNOWS_ANN);
  await using serve = host.fh("serve", "--socket", socket, "--source", "poll");
  await serve.until("a server", () => serve.stderr.includes("fh: listening on "));
  await ask(socket, "subscribe", { filter: { user: "ann" } });
  await assert.rejects(ask(socket, "subscribe", { filter: { user: ["ann", "zoe"] } }), /zoe/);
  await serve.end("SIGTERM");
  const down = new Host("down", "exec sleep 60");
  await using ann = sleeper(ANN);
  await using tree = down.fh("tree", "--no-fold", "--quiet");
  assert.match((await tree.end()).stdout, new RegExp(`─ ${ann.pid} \\(${ANN}\\) sleep 60`));
});
