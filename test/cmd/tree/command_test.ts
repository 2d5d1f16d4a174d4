import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import type { Context } from "../../../src/cli/command.ts";
import { treeCommand } from "../../../src/cmd/tree/command.ts";
import type { CommandError } from "../../../src/fault.ts";
import { withChild } from "../../proc/child.ts";
import { type FakeContext, fakeContext } from "../../support/fake_output.ts";
import { type FakeProcess, fakeProcfs } from "../../support/fake_procfs.ts";
import { assertGolden } from "../../support/golden.ts";

const PF_KTHREAD = 0x00200000;
const NOBODY = 65534;
/** A terminal that shows UTF-8, on a host without a history. */
const UTF8 = { LANG: "C.UTF-8", FH_DB: "/nonexistent/history.db" };
const EPOCH = { seconds: 1_700_000_000, ns: 0 };
const BOOT = "7c0a51fe-1111-2222-3333-444444444444\n";

/** One host with all that has to be drawn, hostile names included. */
const HOST: readonly FakeProcess[] = [
  { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0splash\0", start: 1 },
  { pid: 2, ppid: 0, comm: "kthreadd", flags: PF_KTHREAD, start: 1 },
  { pid: 3, ppid: 2, comm: "kworker/0:0-events", flags: PF_KTHREAD, start: 2 },
  {
    pid: 100,
    ppid: 1,
    comm: "sshd",
    cmdline: "sshd: /usr/sbin/sshd -D [listener]\0\0\0",
    start: 9,
  },
  { pid: 110, ppid: 100, comm: "sshd", cmdline: "sshd: nobody@pts/0\0", uid: NOBODY, start: 20 },
  { pid: 111, ppid: 110, comm: "bash", cmdline: "-bash\0", uid: NOBODY, start: 21 },
  { pid: 120, ppid: 111, comm: "x", cmdline: "sh\0-c\0echo $HOME; exit\0", uid: NOBODY, start: 30 },
  { pid: 121, ppid: 111, comm: ") R 1 (", cmdline: "\x1b]0;owned\x07\0\xff\xfe\0", start: 31 },
  { pid: 122, ppid: 111, comm: "\x1b[2J\nroot", state: "Z", exitCode: 0x200, start: 32 },
  ...[200, 201, 202].map((pid) => ({ ...sleeper(pid, 1), start: 40 })),
  { pid: 4_194_303, ppid: 1, comm: "last", cmdline: "last\0\xe6\x9d\xb1\xe4\xba\xac\0", start: 50 },
];

function sleeper(pid: number, ppid: number): FakeProcess {
  return { pid, ppid, comm: "sleep", cmdline: "sleep\x00100\0" };
}

const FILES = { "2/task/2/children": "3 ", "sys/kernel/random/boot_id": BOOT };

interface Run {
  readonly status: number;
  readonly context: FakeContext;
}

async function tree(
  operands: readonly string[],
  options: Record<string, unknown> = {},
  parts: Partial<Context> & { columns?: number } = {},
): Promise<Run> {
  const context = fakeContext({ env: UTF8, epoch: EPOCH, ...parts });
  if (parts.columns !== undefined) {
    context.stdout.isTerminal = true;
    context.stdout.columns = parts.columns;
  }
  const status = await treeCommand.run(context, operands, options);
  return { status, context };
}

/** The same on a host of its own; what it writes. */
async function drawn(
  processes: readonly FakeProcess[],
  operands: readonly string[],
  options: Record<string, unknown> = {},
  parts: Parameters<typeof tree>[2] = {},
  files: Readonly<Record<string, string>> = FILES,
): Promise<string> {
  const { root, remove } = fakeProcfs(processes, files);
  try {
    const { status, context } = await tree(operands, options, { procRoot: root, ...parts });
    assert.equal(status, 0);
    assert.equal(context.stderr.text, "");
    return context.stdout.text;
  } finally {
    remove();
  }
}

/** The error of a run that fails. */
async function failed(...args: Parameters<typeof tree>): Promise<string> {
  const error = await tree(...args).then(() => assert.fail("it did not fail"), (error) => error);
  const { status, message } = error as CommandError;
  return `${status} ${message}`;
}

test("fh tree draws the whole host without kernel threads", async () => {
  assertGolden("tree/host.txt", await drawn(HOST, []));
});

test("fh tree --json=flat has a line for each process, parents before children", async () => {
  const lines = (await drawn(HOST, [], { json: "flat" })).trimEnd().split("\n");
  const nested = (await drawn(HOST, [], { json: true })).trimEnd().split("\n");
  const expected: unknown[] = [];
  const walk = ({ children, ...fields }: Record<string, unknown>, depth: number) => {
    expected.push({ ...fields, depth });
    for (const child of children as Record<string, unknown>[]) walk(child, depth + 1);
  };
  for (const line of nested) walk(JSON.parse(line), 0);
  assert.deepEqual(lines.map((line) => JSON.parse(line)), expected);
});

test("fh tree says that a history would know the parent of an orphan", async () => {
  const orphan = { pid: 4242, ppid: 1, comm: "orphan", cmdline: "orphan\0", session: 4000 };
  const { root, remove } = fakeProcfs([...HOST, orphan], FILES);
  try {
    const { context } = await tree([], {}, { procRoot: root });
    const advice = "to have one, run fh record (or its systemd unit)";
    assert.deepEqual(context.stderr.lines, [
      `fh: no history here: some of these are orphans, of unknown parents; ${advice}`,
    ]);
    const other = await tree(["1"], { ancestors: true }, { procRoot: root });
    assert.equal(other.context.stderr.text, "");
  } finally {
    remove();
  }
});

test("fh tree fits the terminal, in ASCII where the locale is not UTF-8", async () => {
  const plain = { color: "never" };
  assertGolden("tree/host_40.txt", await drawn(HOST, [], plain, { columns: 40 }));
  const env = { LC_ALL: "C", LANG: "C.UTF-8" };
  assertGolden("tree/host_ascii.txt", await drawn(HOST, [], plain, { columns: 40, env }));
});

test("fh tree --no-fold gives each process a line, --kernel shows kernel threads too", async () => {
  assertGolden("tree/host_all.txt", await drawn(HOST, [], { fold: false, kernel: true }));
});

test("fh tree PID draws ancestors, the process and its descendants", async () => {
  assertGolden("tree/pid.txt", await drawn(HOST, ["110"]));
  const color = await drawn(HOST, ["110"], { color: "always" });
  assert.ok(color.includes("\x1b[1m110 \x1b[0m"));
});

test("fh tree PID takes --ancestors, --descendants and --depth", async () => {
  const pids = async (options: Record<string, unknown>) =>
    (await drawn(HOST, ["110"], options)).match(/(?<=^\W*)\d+/gm)?.join(" ");
  assert.equal(await pids({ ancestors: true }), "1 100 110");
  assert.equal(await pids({ descendants: true }), "110 111 120 121 122");
  assert.equal(await pids({ ancestors: true, descendants: true }), await pids({}));
  assert.equal(await pids({ depth: 1 }), "1 100 110 111");
  assert.match(await drawn(HOST, ["110"], { depth: 1 }), /111 -bash {2}# 3 more below\n$/);
});

test("fh tree PID shows a kernel thread that is asked for, and its kin", async () => {
  assert.equal(await drawn(HOST, ["3"]), "2 [kthreadd]\n└─ 3 [kworker/0:0-events]\n");
  assert.equal(await drawn(HOST, ["2"]), await drawn(HOST, ["3"]));
});

test("fh tree shows what the kernel started, and the chain down to it", async () => {
  const host: readonly FakeProcess[] = [
    ...HOST.slice(0, 3),
    { pid: 4, ppid: 2, comm: "kworker/u4:1", flags: PF_KTHREAD },
    { pid: 20, ppid: 4, comm: "request-key", cmdline: "/sbin/request-key\0create\0" },
    { pid: 21, ppid: 20, comm: "sh", cmdline: "sh\0" },
    { pid: 22, ppid: 2, comm: "agent", cmdline: "/sbin/agent\0/a\0" },
  ];
  const files = { ...FILES, "2/task/2/children": "3 4 22 " };
  const text = await drawn(host, [], {}, {}, files);
  assert.equal(
    text,
    [
      "1 /sbin/init splash",
      "2 [kthreadd]",
      "├─ 4 [kworker/u4:1]",
      "│  └─ 20 /sbin/request-key create",
      "│     └─ 21 sh",
      "└─ 22 /sbin/agent /a",
      "",
    ].join("\n"),
  );
  const json = (await drawn(host, [], { json: true }, {}, files)).trimEnd().split("\n");
  assert.deepEqual(json.map((line) => JSON.parse(line).pid), [1, 2]);
  const first = (await drawn(host, ["21"], { json: true }, {}, files)).trimEnd();
  assert.equal(JSON.parse(first).children[0].children[0].children[0].pid, 21);
});

test("fh tree draws every root of a container that was entered from outside", async () => {
  const inside = [sleeper(1, 0), { ...sleeper(2, 0), comm: "sh" }, sleeper(7, 2)];
  assert.equal(await drawn(inside, []), "1 sleep 100\n2 sleep 100\n└─ 7 sleep 100\n");
});

test("fh tree --json gives one object with the fields of the contract", async () => {
  const text = await drawn(HOST, [], { json: true });
  assertGolden("tree/host.json", `${JSON.stringify(JSON.parse(text), null, 1)}\n`);
  assert.equal(text.indexOf("\n"), text.length - 1);
});

test("fh tree --json gives a line for each root", async () => {
  const text = await drawn(HOST, [], { json: true, kernel: true });
  assert.deepEqual(text.trimEnd().split("\n").map((line) => JSON.parse(line).pid), [1, 2]);
});

test("fh tree --json takes times from the clocks, not from a container's uptime", async () => {
  const files = { ...FILES, uptime: "0.29 0.29\n" };
  const [seconds] = readFileSync("/proc/uptime", "latin1").split(" ");
  const bootedMs = Date.now() - Number(seconds) * 1000;
  const host = [{ ...sleeper(1, 0), start: 50_000 }];
  const text = await drawn(host, [], { json: true }, { epoch: undefined }, files);
  const lateMs = Date.parse(JSON.parse(text).started) - (bootedMs + 500_000);
  assert.ok(Math.abs(lateMs) < 1000, `${lateMs} ms off: ${JSON.parse(text).started}`);
});

test("fh tree --times and --bars give each process a line, in a pipe by COLUMNS", async () => {
  const options = { times: true, bars: true };
  const now = () => (EPOCH.seconds + 1) * 1000;
  const env = { ...UTF8, COLUMNS: "100" };
  // Whatever the zone is.
  const inAnyZone = (text: string) => text.replace(/\b\d\d:\d\d(?=:\d\d\.\d{3}\b)/g, "hh:mm");
  assertGolden("tree/host_times.txt", inAnyZone(await drawn(HOST, [], options, { env, now })));
  const short = await drawn(HOST, ["111"], { bars: true }, { now });
  const lines = inAnyZone(short).trimEnd().split("\n");
  assert.match(lines[0]!, /^hh:mm:20\.210 +790ms +hh:mm:21\.000 {2}PROCESS$/);
  assert.deepEqual(lines.slice(1, 4).map((line) => line.slice(0, 3)), ["◂██", "◂██", "◂██"]);
  assert.match(lines[5]!, /^ {4}▐█+▸ {11}├─ 120 sh -c 'echo \$HOME; exit'$/);
});

test("fh tree says in one line what is wrong with a pid", async () => {
  for (const pid of ["0", "-5", "1.5", "4194305", ""]) {
    assert.match(await failed([pid]), /^2 Bad pid: /, pid);
  }
});

test("fh tree says when there is no such process, or it is a thread", async () => {
  const { root: procRoot, remove } = fakeProcfs([...HOST, { ...sleeper(300, 1), tgid: 110 }]);
  try {
    const gone = `it is not in ${procRoot}; it has ended, or is hidden from you`;
    for (const options of [{}, { ancestors: true }, { json: true }]) {
      assert.equal(await failed(["4711"], options, { procRoot }), `3 No process 4711: ${gone}`);
    }
    const thread = "3 No process 300: it is a thread of 110; try fh tree 110";
    assert.equal(await failed(["300"], { ancestors: true }, { procRoot }), thread);
  } finally {
    remove();
  }
});

test("fh tree says when /proc cannot be read or is empty", async () => {
  const { root, remove } = fakeProcfs([], { "version": "" });
  try {
    assert.equal(
      await failed([], {}, { procRoot: root }),
      `1 Cannot read ${root}: it shows no process; mount it: mount -t proc proc ${root}`,
    );
    assert.equal(
      await failed([], {}, { procRoot: `${root}/none` }),
      `1 Cannot list ${root}/none: ENOENT (errno 2); ` +
        `check that procfs is mounted on ${root}/none and readable`,
    );
  } finally {
    remove();
  }
});

test("fh tree refuses options that make no sense together", async () => {
  assert.match(await failed([], { ancestors: true }), /^2 Missing pid: --ancestors /);
  assert.match(await failed([], { descendants: true }), /^2 Missing pid: --descendants /);
  assert.match(await failed([], { keep: 1e9 }), /^2 Bad option: --keep; /);
  assert.match(
    await failed([], { bars: true, json: true }),
    /^2 Bad options: --bars with --json; JSON has the times by itself$/,
  );
  assert.match(
    await failed([], { watch: true, json: true }),
    /^2 Bad options: --watch with --json/,
  );
  assert.match(await failed([], { watch: true }), /^2 Bad option: --watch; it needs a terminal/);
  const dumb = { columns: 80, env: { TERM: "dumb" } };
  assert.match(await failed([], { watch: true }, dumb), /^2 Bad option: --watch; /);
});

test("fh tree finds a child of this process on the real /proc", async () => {
  await withChild("echo up; read x", ["it's", "\x1b[31m"], async (pid) => {
    const { context } = await tree([String(pid)]);
    const lines = context.stdout.lines;
    const own = lines.findIndex((line) => new RegExp(`(^|─ )${process.pid} `).test(line));
    assert.ok(own >= 0, lines.join("\n"));
    const child = `─ ${pid} /bin/sh -c 'echo up; read x' sh 'it'\\''s' $'\\033[31m'`;
    assert.ok(lines.at(-1)!.endsWith(child), lines.at(-1));

    const { context: json } = await tree([String(pid)], { json: true }, { epoch: undefined });
    let node = JSON.parse(json.stdout.text);
    for (; node.children.length > 0; node = node.children[0]) {
      assert.equal(node.children[0].ppid, node.pid);
      assert.equal(node.children[0].parent, node.id);
    }
    assert.equal(node.pid, pid);
    assert.ok(Math.abs(Date.parse(node.started) - Date.now()) < 60_000, node.started);
  });
});

test("fh tree shows no secrets, as a tree and as JSON, unless told to", async () => {
  const host = [{ pid: 1, ppid: 0, comm: "app", cmdline: "app\0--token\0hunter2\0n=1\0" }];
  assert.equal(await drawn(host, []), "1 app --token '***' n=1\n");
  const json = JSON.parse(await drawn(host, ["1"], { json: true, redact: [/n=1/] }));
  assert.deepEqual(json.argv, ["app", "--token", "***", "***"]);
  assert.equal(await drawn(host, [], { redact: false }), "1 app --token hunter2 n=1\n");
});
