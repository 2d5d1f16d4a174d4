import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningBoot } from "../../src/model/boot.ts";
import { Image } from "../../src/model/image.ts";
import type { Process } from "../../src/model/process.ts";
import { buildForest, cutBelow, foldAlike, type TreeNode } from "../../src/model/tree.ts";
import { Users } from "../../src/proc/passwd.ts";
import { displayWidth, isUnsafe } from "../../src/text/escape.ts";
import { renderTree, type TreeStyle } from "../../src/view/tree.ts";
import { treeJson } from "../../src/view/tree_json.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";
import { ended, running } from "../support/tree.ts";

const PASSWD = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nw\x1bw:x:7:7::/:/bin/sh\n";
const users = new Users(() => PASSWD, () => 0);
const encoder = new TextEncoder();
const init = running(1, "init");

function render(roots: readonly TreeNode[], style: Partial<TreeStyle> = {}): string[] {
  return [...renderTree(roots, {
    users,
    width: Infinity,
    color: false,
    ascii: false,
    focus: null,
    reaperOf: ({ reaper }) => reaper,
    ...style,
  })];
}

const draw = (processes: readonly Process[], style: Partial<TreeStyle> = {}) =>
  render(buildForest(processes).roots, style);

function withArgv(process: Process, ...argv: string[]): Process {
  const bytes = encoder.encode(argv.map((word) => `${word}\0`).join(""));
  process.image = new Image({ ...process.image.parts, argv: bytes });
  return process;
}

function family(): Process[] {
  const shell = running(10, "sh", init);
  const make = running(11, "make", shell);
  return [init, running(5, "cron", init), shell, make, running(12, "cc a.c", make)];
}

test("renderTree() draws one process a line with its branches", () => {
  const last = running(20, "sleep 100", init);
  assert.deepEqual(draw([...family(), last]), [
    "1 init",
    "├─ 5 cron",
    "├─ 10 sh",
    "│  └─ 11 make",
    "│     └─ 12 cc a.c",
    "└─ 20 sleep 100",
  ]);
});

test("renderTree() draws ASCII where the terminal shows nothing else", () => {
  const last = withArgv(running(20, "x", init), "東京", "é");
  assert.deepEqual(draw([...family(), last], { ascii: true, width: 16 }), [
    "1 init",
    "|- 5 cron",
    "|- 10 sh",
    "|  `- 11 make",
    "|     `- 12 cc ~",
    "`- 20 '??' '?'",
  ]);
});

test("renderTree() shows users where they change, and at the top those that are not root", () => {
  const daemon = running(10, "daemon", init);
  daemon.uid = 65534;
  const same = running(11, "worker", daemon);
  const unnamed = running(12, "x", daemon);
  unnamed.uid = 4_242_424;
  const unknown = running(13, "y", daemon);
  unknown.uid = null;
  const root = running(14, "su", daemon);
  root.uid = 0;
  const processes = [init, daemon, same, unnamed, unknown, root];
  assert.deepEqual(draw(processes), [
    "1 init",
    "└─ 10 (nobody) daemon",
    "   ├─ 11 worker",
    "   ├─ 12 (4242424) x",
    "   ├─ 13 y",
    "   └─ 14 (root) su",
  ]);
  const outside = running(30, "alone");
  outside.uid = 65534;
  assert.deepEqual(draw([outside]), ["30 (nobody) alone"]);
});

test("renderTree() shows how the dead ended, greyed, and who adopted their children", () => {
  const parent = ended(running(10, "make", init), 0x200, 1.25e9);
  const orphan = running(11, "cc a.c", parent);
  orphan.reaper = 1;
  const killed = ended(running(12, "cc b.c", parent), 9, 5e6);
  const unknown = ended(running(13, "x", init), null, 5e6);
  const processes = [init, parent, orphan, killed, unknown];
  assert.deepEqual(draw(processes), [
    "1 init",
    "├─ 10 make  # exit 2, 1.25s",
    "│  ├─ 11 cc a.c  # adopted by 1",
    "│  └─ 12 cc b.c  # SIGKILL, 5.0ms",
    "└─ 13 x  # exit ?, 5.0ms",
  ]);
  const grey = draw(processes, { color: true })[1];
  assert.equal(grey, "├─ \x1b[2m10 \x1b[0m\x1b[2mmake\x1b[0m\x1b[2m  # exit 2, 1.25s\x1b[0m");
});

test("renderTree() says who forked a process whose parent is forgotten", () => {
  const orphan = running(11, "daemon");
  orphan.ppid = 10;
  orphan.reaper = 1;
  assert.deepEqual(draw([init, orphan]), ["1 init", "└─ 11 daemon  # forked by 10"]);
});

test("renderTree() calls a zombie a zombie", () => {
  const [told, silent] = [running(10, "a", init), running(11, "b", init)];
  told.state = silent.state = "exited";
  told.status = 0x300;
  assert.deepEqual(draw([init, told, silent]).slice(1), [
    "├─ 10 a  # zombie, exit 3",
    "└─ 11 b  # zombie",
  ]);
});

test("renderTree() highlights the process that was asked for", () => {
  const [, cron] = family();
  const lines = draw([init, cron!], { color: true, focus: cron! });
  assert.deepEqual(lines, ["1 init", "└─ \x1b[1m5 \x1b[0m\x1b[1mcron\x1b[0m"]);
});

test("renderTree() draws folded siblings without pids, and what is below them too", () => {
  const workers = [20, 30, 40].map((pid) => running(pid, "worker", init));
  const helpers = workers.map((worker) => running(worker.pid + 1, "helper", worker));
  const gone = [50, 51, 52].map((pid) => ended(running(pid, "true", init), 0, pid * 1e6));
  const { roots } = buildForest([init, ...workers, ...helpers, ...gone]);
  foldAlike(roots);
  assert.deepEqual(render(roots), [
    "1 init",
    "├─ 3*[worker]",
    "│  └─ [helper]",
    "└─ 3*[true]  # exit 0",
  ]);
});

test("renderTree() says how many are below what was cut off", () => {
  const [root] = buildForest(family()).roots;
  assert.deepEqual(render([cutBelow(root!, 1)]), [
    "1 init",
    "├─ 5 cron",
    "└─ 10 sh  # 2 more below",
  ]);
});

test("renderTree() shows titles as they are, command lines quoted, names in brackets", () => {
  const process = (pid: number, ...argv: string[]) => withArgv(running(pid, "x"), ...argv);
  const kernel = running(6, "kworker/0:1");
  kernel.image = new Image({ ...kernel.image.parts, argv: null });
  const lines = draw([
    process(1, "sshd: user@pts/0", "", ""),
    process(2, "postgres: checkpointer   "),
    process(3, "sh", "-c", "echo $HOME"),
    process(4, "echo", "", ""),
    process(5, ""),
    kernel,
  ]);
  assert.deepEqual(lines, [
    "1 sshd: user@pts/0",
    "2 postgres: checkpointer",
    "3 sh -c 'echo $HOME'",
    "4 echo '' ''",
    "5 [x]",
    "6 [kworker/0:1]",
  ]);
});

test("renderTree() cuts the command before the note, and measures wide characters", () => {
  const long = ended(withArgv(running(10, "x", init), "東".repeat(40)), 0, 1e9);
  const lines = draw([init, long], { width: 40 });
  assert.equal(lines[1], "└─ 10 '東東東東東東東…  # exit 0, 1.00s");
  assert.ok(displayWidth(lines[1]!) <= 40);
  const [, wider] = draw([init, long], { width: 50 });
  assert.equal(wider, "└─ 10 '東東東東東…東東東東東東東'  # exit 0, 1.00s");
  assert.equal(draw([init, long], { width: 20 })[1], "└─ 10 '東東東東東東…");
  assert.equal(draw([init, long], { width: 2 })[1], "└─");
});

test("renderTree() cuts the outer branches of a deep chain, and counts them", () => {
  const chain = [init];
  for (let pid = 2; pid <= 12; pid++) chain.push(running(pid, "sh", chain.at(-1)!));
  const lines = draw(chain, { width: 36 });
  assert.equal(lines[6], "               └─ 7 sh");
  assert.equal(lines[7], "…4             └─ 8 sh");
  assert.equal(lines[11], "…8             └─ 12 sh");
});

test("a chain of 100 000 generations is drawn in lines of bounded length", () => {
  const chain = [init];
  for (let pid = 2; pid <= 100_000; pid++) chain.push(running(pid, "sh", chain.at(-1)!));
  const { roots } = buildForest(chain);
  const lines = render(roots);
  assert.equal(lines.length, 100_000);
  assert.ok(Math.max(...lines.map((line) => line.length)) < 400);
  assert.ok(lines.at(-1)!.endsWith("└─ 100000 sh"));
  const pieces = [...treeJson(roots[0]!, { users })];
  const text = pieces.join("");
  assert.equal(text.split('"children":[').length - 1, 100_000);
  assert.ok(text.endsWith(`${"]}".repeat(100_000)}\n`));
});

test("no line has what a terminal would act on, and none is wider than it", () => {
  const next = random(4711);
  for (let round = 0; round < 300; round++) {
    const hostile = withArgv(running(10, "x", init), randomText(next), randomText(next));
    const named = running(11, randomText(next), init);
    named.image = new Image({ ...named.image.parts, argv: null });
    named.uid = 7;
    ended(named, 9, 1e6);
    const width = 1 + Math.floor(next() * 40);
    for (const line of draw([init, hostile, named], { width })) {
      assert.ok(!isUnsafe(line), JSON.stringify(line));
      assert.ok(displayWidth(line) <= width, JSON.stringify(line));
    }
    for (const line of draw([init, hostile, named], { ascii: true })) {
      assert.match(line, /^[\x20-\x7e]*$/);
    }
  }
});

test("treeJson() writes the fields of the contract", () => {
  const boot = new RunningBoot("7c0a51fe", { seconds: 1_700_000_000, ns: 5 });
  const first = running(1, "init", null, boot);
  const parent = ended(running(10, "make", first), 0x200, 1.5e9);
  const child = running(11, "cc a.c", parent);
  child.uid = null;
  child.state = "leaderless";
  const [root] = buildForest([first, parent, child]).roots;
  const text = [...treeJson(root!, { users })].join("");
  assert.equal(text.indexOf("\n"), text.length - 1);
  const tree = JSON.parse(text);
  assert.deepEqual(Object.keys(tree), [
    ..."id pid ppid parent comm argv uid user state started ended".split(" "),
    ..."exit_code signal duration_ns children".split(" "),
  ]);
  const { children, ...dead } = tree.children[0];
  assert.deepEqual(dead, {
    id: "7c0a51fe-10-10",
    pid: 10,
    ppid: 1,
    parent: "7c0a51fe-1-1",
    comm: "make",
    argv: ["make"],
    uid: 0,
    user: "root",
    state: "exited",
    started: "2023-11-14T22:13:20.100000005Z",
    ended: "2023-11-14T22:13:21.600000005Z",
    exit_code: 2,
    signal: null,
    duration_ns: 1_500_000_000,
  });
  const [{ state, uid, user, ended: end, duration_ns }] = children;
  assert.deepEqual([state, uid, user, end, duration_ns], ["running", null, null, null, null]);
});

test("treeJson() names signals, and leaves out times when the boot's is not known", () => {
  const killed = ended(running(1, "x"), 9, 1e6);
  const [root] = buildForest([killed]).roots;
  const node = JSON.parse([...treeJson(root!, { users })].join(""));
  assert.deepEqual([node.signal, node.exit_code], ["SIGKILL", null]);
  assert.deepEqual([node.started, node.ended, node.duration_ns], [null, null, 1_000_000]);
});
