/** `fh web` as a process: who it is, where it listens, what it tells whom. */
import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh } from "../support/executable.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { ServerFolder } from "../support/server.ts";
import { unless } from "../support/unless.ts";
import { startWeb, urlOf } from "../support/web_page.ts";

const isRoot = process.geteuid!() === 0;
const rootMissing = isRoot ? null : "needs root";
const SOURCE = ["--source", isRoot ? "auto" : "poll"];
const NOBODY = 65534;
/** As whom the gateway sees what these tests do. */
const STAY = isRoot ? ["--user", "root"] : [];

type Answer = { readonly status: number; readonly body: Record<string, unknown> };

/** Asks a gateway by its URL. */
async function ask(url: string, op: string, params: object = {}): Promise<Answer> {
  const { origin, hash } = new URL(url);
  const response = await fetch(`${origin}/api/${op}`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${hash.replace("#token=", "")}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify(params),
  });
  return { status: response.status, body: await response.json() };
}

/** What the kernel says of a task, by the names of proc_pid_status(5). */
function statusOf(task: string): (name: string) => string {
  const status = readFileSync(`/proc/${task}/status`, "utf8");
  return (name) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)![1]!.trim();
}

test(...unless(rootMissing, "root becomes nobody, for good, with all threads"), async () => {
  using folder = new ServerFolder();
  await using _recorder = await folder.record(SOURCE);
  const { SUDO_USER: _sudo, DOAS_USER: _doas, ...others } = process.env;
  const env = { ...others, FH_SOCKET: folder.socket, FH_DB: folder.db };
  await using web = await startWeb([], { env });
  const ids = [NOBODY, NOBODY, NOBODY, NOBODY].join("\t");
  for (const task of readdirSync(`/proc/${web.pid}/task`)) {
    const status = statusOf(`${web.pid}/task/${task}`);
    assert.deepEqual([status("Uid"), status("Gid"), status("Groups")], [ids, ids, `${NOBODY}`]);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
      assert.equal(status(set), "0000000000000000", set);
    }
    assert.equal(status("NoNewPrivs"), "1");
  }
  assert.equal(statusOf(`${web.pid}`)("CapBnd"), "0000000000000000");
  // What root's recorder does not tell nobody, the page is not told.
  const { status, body } = await ask(urlOf(web), "log");
  assert.equal(status, 502);
  assert.match(String(body["message"]), /not permitted; ask who runs the server/);
  assert.equal((await web.end("SIGTERM")).status, 0);
});

test(...unless(rootMissing, "a setuid program gives nothing of root back"), async () => {
  const folder = temporaryFolder("fh-web-");
  chmodSync(folder, 0o755);
  const [setuid, seen] = [join(folder, "id"), join(folder, "seen")];
  copyFileSync("/usr/bin/id", setuid);
  chmodSync(setuid, 0o4755);
  // Whoever is nobody otherwise is root by it.
  await using control = Running.start([...AS_NOBODY, setuid, "-u"]);
  await control.end();
  assert.equal(control.stdout, "0\n");
  writeFileSync(seen, "");
  chmodSync(seen, 0o666);
  const script = `#!/bin/sh\n${setuid} -u >${seen}\n`;
  writeFileSync(join(folder, "xdg-open"), script, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  await using web = await startWeb(["--user", "nobody", "--open"], { env });
  await web.until("a program", () => readFileSync(seen, "utf8") !== "");
  assert.equal(readFileSync(seen, "utf8"), `${NOBODY}\n`);
  // What it left for the browser goes with it.
  await web.end("SIGTERM");
});

test(
  ...unless(rootMissing, "whoever cannot ask the recorder is told so at the start"),
  async () => {
    using folder = new ServerFolder();
    await using _recorder = await folder.record(SOURCE);
    chmodSync(folder.path, 0o755);
    const env = { ...process.env, FH_SOCKET: folder.socket };
    await using web = await startWeb(["--user", "nobody"], { env });
    assert.equal(
      web.stderr,
      `fh: web: goes on as nobody, who may not open ${folder.socket}; --user names another\n`,
    );
    await using root = await startWeb(["--user", "root"], { env });
    assert.equal(root.stderr, "");
  },
);

test(...unless(rootMissing, "nobody sees what is nobody's, and no more"), async () => {
  using folder = new ServerFolder();
  const group = readFileSync("/etc/group", "utf8").match(/^(\w+):[^:]*:65534:/m)![1]!;
  await using _recorder = await folder.record([...SOURCE, "--socket-group", group]);
  const env = { ...process.env, FH_SOCKET: folder.socket, FH_DB: folder.db };
  await using web = await startWeb(["--user", "nobody"], { env });
  // The folder of the socket has to let others through to it.
  chmodSync(folder.path, 0o755);
  await using own = Running.start([...AS_NOBODY, "sleep", "600"]);
  await using other = Running.start(["sleep", "601"]);
  const why = async (pid: number) => {
    const { body } = await ask(urlOf(web), "why", { target: pid });
    return body["error"] ?? "told";
  };
  while (await why(own.pid) !== "told") await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await why(other.pid), "ESRCH");
  assert.equal(await why(1), "ESRCH");
  // The history is root's to read; findings and costs are told by the recorder.
  await using foreign = Running.start(["sh", "-c", ": fh-of-root"]);
  await foreign.end();
  await using ended = Running.start([...AS_NOBODY, "sh", "-c", ": fh-of-nobody"]);
  await ended.end();
  const filter = { match: "fh-of-(nobody|root)" };
  let told: readonly { readonly uid: number; readonly cost: unknown }[] = [];
  while (told.length === 0) {
    const { status, body } = await ask(urlOf(web), "log", { filter, costs: true });
    assert.equal(status, 200);
    told = body["events"] as typeof told;
  }
  assert.deepEqual([...new Set(told.map(({ uid }) => uid))], [NOBODY]);
  assert.ok(told.every((one) => "cost" in one));
  const trouble = await ask(urlOf(web), "trouble");
  assert.deepEqual([trouble.status, Array.isArray(trouble.body["findings"])], [200, true]);
});

test("the URL has the token, and nobody else is told it", async () => {
  using folder = new ServerFolder();
  await using _recorder = await folder.record(SOURCE);
  const env = { ...process.env, FH_SOCKET: folder.socket, FH_DB: folder.db };
  await using web = await startWeb(STAY, { env });
  const url = urlOf(web);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
  const token = new URL(url).hash.slice("#token=".length);
  const { status, body } = await ask(url, "status");
  assert.equal(status, 200);
  assert.equal(typeof body["seq"], "number");
  assert.equal((await ask(url.replace(token, "x".repeat(43)), "status")).status, 401);
  assert.equal((await ask(url, "nonsense")).status, 404);
  const { stderr } = web;
  assert.match(stderr, /^fh: web: refused a request: wrong token \(401\)$/m);
  assert.ok(!stderr.includes(token) && !stderr.includes("xxxx"), stderr);
  for (const name of ["cmdline", "environ"]) {
    assert.ok(!readFileSync(`/proc/${web.pid}/${name}`, "latin1").includes(token), name);
  }
  // Whoever starts it anew has another.
  await using again = await startWeb(STAY, { env });
  assert.notEqual(new URL(urlOf(again)).hash, new URL(url).hash);
});

test("a socket in a folder is its owner's alone, serves a forward, and goes with it", async () => {
  const folder = temporaryFolder("fh-web-");
  const path = join(folder, "web.sock");
  const web = await startWeb([...STAY, "--listen", `unix:${path}`]);
  try {
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.match(
      web.stdout,
      /#token=[\w-]{43} {2}after: ssh -N -o \w+=yes -L 127\.0\.0\.1:8811:\S+ HOST\n$/,
    );
    const token = /token=([\w-]+)/.exec(web.stdout)![1]!;
    const get = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const headers = { "Host": host, "Authorization": `Bearer ${token}` };
        const sent = request({ socketPath: path, path: "/", headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        });
        sent.on("error", reject);
        sent.end();
      });
    // The other end of the forward may have any port, but no other name.
    assert.equal(await get("127.0.0.1:4711"), 200);
    assert.equal(await get("localhost:8811"), 200);
    assert.equal(await get("evil.example:8811"), 421);
  } finally {
    assert.equal((await web.end("SIGINT")).status, 0);
    await web[Symbol.asyncDispose]();
  }
  assert.equal(existsSync(path), false);
});

test("a history alone answers too, and its page changes nothing", async () => {
  using folder = new ServerFolder();
  const recorder = await folder.record(SOURCE);
  await using short = Running.start(["sleep", "0.01"]);
  await short.end();
  await recorder.end("SIGTERM");
  await recorder[Symbol.asyncDispose]();
  await using web = await startWeb([...STAY, "--db", folder.db]);
  const url = urlOf(web);
  const { body } = await ask(url, "log", { filter: { comm: "sleep" }, limit: 10_000 });
  const events = body["events"] as readonly { readonly pid: number }[];
  assert.ok(events.some(({ pid }) => pid === short.pid), JSON.stringify(body).slice(0, 500));
  for (const op of ["account", "tree", "trouble", "history", "job_list"]) {
    assert.equal((await ask(url, op)).status, 200, op);
  }
  const about = (await ask(url, "gateway")).body;
  assert.match(String(about["unchanging"]), /^this is a history/);
  assert.deepEqual([about["live"], about["db"]], [false, folder.db]);
  const change = { name: "x", confirm: "job_create x" };
  for (const [op, params] of [["live", {}], ["doctor", {}], ["job_create", change]] as const) {
    const { status, body } = await ask(url, op, params);
    assert.deepEqual([status, body["error"]], [200, "EOPNOTSUPP"], op);
  }
});

test("a browser is led to the page, and no command line has its token", async () => {
  const folder = temporaryFolder("fh-web-");
  const seen = join(folder, "seen");
  const script = `#!/bin/sh\nprintf '%s\\n' "$1" > ${seen}.args\ncat "$1" > ${seen}\n`;
  writeFileSync(join(folder, "xdg-open"), script, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  await using web = await startWeb([...STAY, "--open"], { env });
  await web.until("a browser", () => existsSync(seen) && readFileSync(seen, "utf8") !== "");
  assert.ok(readFileSync(seen, "utf8").includes(`content="0;url=${urlOf(web)}"`));
  const path = readFileSync(`${seen}.args`, "utf8").trim();
  assert.doesNotMatch(path, /token/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await web.end("SIGTERM");
  assert.equal(existsSync(path), false);
});

test("scripts are told the same as JSON", async () => {
  await using web = await startWeb([...STAY, "--json"]);
  const { listen, url, token } = JSON.parse(web.stdout) as Record<string, string>;
  assert.equal(url, `http://${listen}/#token=${token}`);
});

test("what cannot be is refused with advice", () => {
  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [["--listen", "0.0.0.0:8811"], /^fh: Bad place: .*; give 127\.0\.0\.1:PORT or unix:PATH/],
    [
      ["--open", "--listen", "unix:/nowhere/s"],
      /^fh: Conflicting options: --open, --listen unix:;/,
    ],
    [["--listen", "nowhere"], /^fh: Bad address: nowhere; give a port/],
    ...isRoot
      ? [[["--user", "no such user"], /^fh: Unknown user: no such user; give --user/] as const]
      : [],
  ];
  for (const [args, expected] of refusals) {
    const { status, stdout, stderr } = runFh(["web", ...args]);
    assert.equal(status, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  }
});
