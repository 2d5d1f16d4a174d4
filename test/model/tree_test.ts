import assert from "node:assert/strict";
import { test } from "node:test";
import { Image } from "../../src/model/image.ts";
import { isKthreadd, type Process } from "../../src/model/process.ts";
import {
  buildForest,
  cutBelow,
  foldAlike,
  kernelPrograms,
  selectAround,
  walk,
} from "../../src/model/tree.ts";
import { randomBelow, SEED } from "../proc/mutate.ts";
import { ended, outline, running } from "../support/tree.ts";

const init = running(1, "init");
const shell = running(10, "sh", init);
const make = running(11, "make", shell);
const cc = running(12, "cc a.c", make);
const HOST = [cc, make, shell, init, running(5, "cron", init)];
const WHOLE = { ancestors: true, descendants: true, depth: Infinity };

test("buildForest() hangs processes below their parents, oldest first, in any order", () => {
  assert.equal(outline(buildForest(HOST).roots), "1(5 10(11(12)))");
});

test("buildForest() leaves an orphan below the dead parent that forked it", () => {
  const parent = ended(running(20, "setsid", shell), 0, 1e6);
  const orphan = running(21, "daemon", parent);
  orphan.reaper = 1;
  // The dead one is not told of: it is found through its child.
  assert.equal(outline(buildForest([init, shell, orphan], () => false).roots), "1(10(20(21)))");
});

test("buildForest() hangs an orphan below its reaper when its first parent is forgotten", () => {
  const orphan = running(21, "daemon");
  orphan.ppid = 20;
  orphan.reaper = 10;
  assert.equal(outline(buildForest([init, shell, orphan]).roots), "1(10(21))");
});

test("buildForest() does not hang a process below one that came later with its ppid", () => {
  const orphan = running(21, "daemon");
  orphan.ppid = 30;
  const later = running(30, "other", init);
  assert.equal(outline(buildForest([init, orphan, later]).roots), "1(30) 21");
});

test("buildForest() leaves out the dead that are not kept and have no living descendants", () => {
  const old = ended(running(20, "true", shell), 0, 1e6);
  const recent = ended(running(21, "true", shell), 0, 2e6);
  const forest = buildForest([...HOST, old, recent], (dead) => dead === recent);
  assert.equal(outline(forest.roots), "1(5 10(11(12) 21))");
});

test("buildForest() makes a root of one of two that name each other as parents", () => {
  const a = running(30, "a");
  const b = running(31, "b", a);
  a.parent = b;
  const below = running(32, "c", b);
  assert.equal(outline(buildForest([init, a, b, below]).roots), "1 30(31(32))");
});

test("find() prefers the living process of a pid", () => {
  const dead = ended(running(12, "cc b.c", make), 0, 1e6);
  assert.equal(buildForest([...HOST, dead]).find(12)?.process, cc);
  assert.equal(buildForest([dead, ...HOST]).find(12)?.process, cc);
  assert.equal(buildForest(HOST).find(4711), null);
});

test("selectAround() gives the chain of ancestors, the process and its descendants", () => {
  const node = buildForest(HOST).find(11)!;
  assert.equal(outline([selectAround(node, WHOLE)]), "1(10(11(12)))");
  assert.equal(outline([selectAround(node, { ...WHOLE, descendants: false })]), "1(10(11))");
  assert.equal(outline([selectAround(node, { ...WHOLE, ancestors: false })]), "11(12)");
});

test("selectAround() counts the depth from the process", () => {
  const node = buildForest(HOST).find(10)!;
  assert.equal(outline([selectAround(node, { ...WHOLE, depth: 1 })]), "1(10(11+1))");
});

test("cutBelow() tells how many descendants it cut off", () => {
  const [root] = buildForest(HOST).roots;
  assert.equal(outline([cutBelow(root!, 1)]), "1(5 10+2)");
  assert.equal(outline([cutBelow(root!, 3)]), "1(5 10(11(12)))");
});

function folded(processes: readonly Process[]): string {
  const forest = buildForest(processes);
  foldAlike(forest.roots);
  return outline(forest.roots);
}

test("foldAlike() folds three siblings that are alike, and leaves two", () => {
  const three = [20, 21, 22].map((pid) => running(pid, "sleep 100", init));
  assert.equal(folded([init, ...three]), "1(20*3)");
  assert.equal(folded([init, ...three.slice(1)]), "1(21 22)");
});

test("foldAlike() tells commands, users, ends and subtrees apart", () => {
  const like = (pid: number) => running(pid, "sleep 100", init);
  const nobody = like(30);
  nobody.uid = 65534;
  const parent = like(31);
  const all = [
    init,
    ...[20, 21, 22].map(like),
    running(29, "sleep 10", init),
    nobody,
    parent,
    running(32, "sh", parent),
    ...[40, 41, 42].map((pid) => ended(like(pid), 0, pid)),
    ended(like(43), 9, 1),
  ];
  assert.equal(folded(all), "1(20*3 29 30 31(32) 40*3 43)");
});

test("foldAlike() tells one argument with a space from two", () => {
  const three = [20, 21, 22].map((pid) => running(pid, "a b", init));
  const word = new TextEncoder().encode("a b\0");
  three[2]!.image = new Image({ ...three[2]!.image.parts, argv: word });
  assert.equal(folded([init, ...three]), "1(20 21 22)");
});

test("foldAlike() folds subtrees that are alike, inner siblings first", () => {
  const workers = [20, 30, 40].map((pid) => running(pid, "worker", init));
  const children = workers.flatMap((worker) =>
    [1, 2, 3].map((i) => running(worker.pid + i, "helper", worker))
  );
  assert.equal(folded([init, ...workers, ...children]), "1(20*3(21*3))");
  assert.equal(folded([init, ...workers, ...children.slice(1)]), "1(20(22 23) 30(31*3) 40(41*3))");
});

test("a chain of 100 000 generations is built, cut, selected and folded", () => {
  const chain: Process[] = [init];
  for (let pid = 2; pid <= 100_000; pid++) chain.push(running(pid, "sh", chain.at(-1)!));
  const forest = buildForest(chain.reverse());
  assert.equal(walk(forest.roots).length, 100_000);
  const cut = cutBelow(forest.roots[0]!, 75_000);
  assert.equal(walk([cut]).at(-1)?.hidden, 100_000 - 75_001);
  const whole = selectAround(forest.find(100_000)!, WHOLE);
  assert.equal(walk([whole]).length, 100_000);
  foldAlike([whole]);
  assert.equal(walk([whole]).length, 100_000);
});

test("a tree of 100 000 children is built, cut, selected and folded", () => {
  const all = Array.from({ length: 100_000 }, (_, i) => running(2 + i, "sh", init));
  const forest = buildForest([init, ...all]);
  const whole = selectAround(forest.find(50_000)!.parent!, WHOLE);
  assert.equal(walk([whole]).length, 100_001);
  assert.equal(cutBelow(whole, 0).hidden, 100_000);
  foldAlike([whole]);
  assert.equal(outline([whole]), "1(2*100000)");
});

test("a ring of parents is opened itself, not what hangs below it", () => {
  const first = running(90_000, "a");
  const second = running(90_001, "b", first);
  first.parent = second;
  const below = Array.from({ length: 50_000 }, (_, i) => running(2 + i, "sh", first));
  const { roots } = buildForest([init, first, second, ...below]);
  assert.equal(roots.length, 2);
  assert.equal(roots[1]!.children.length, 50_001);
});

test(`no process is lost whatever parents are told (FH_SEED=${SEED})`, () => {
  const below = randomBelow(SEED);
  for (let round = 0; round < 200; round++) {
    const all = Array.from({ length: 1 + below(12) }, (_, i) => running(i + 1, "x"));
    for (const process of all) {
      process.ppid = below(14);
      const parent = all[below(all.length + 3)];
      if (parent !== undefined && parent !== process) process.parent = parent;
    }
    const { roots } = buildForest(all);
    const pids = walk(roots).map((node) => node.process.pid).sort((a, b) => a - b);
    assert.deepEqual(pids, all.map(({ pid }) => pid));
    for (const root of roots) assert.equal(root.parent, null);
    foldAlike(roots);
    const count = walk(roots).reduce((sum, node) => sum + node.count, 0);
    assert.ok(count >= roots.length && count <= all.length);
  }
});

test("isKthreadd() knows kthreadd, and not a program that calls itself so", () => {
  const kthreadd = running(2, "kthreadd");
  assert.equal(isKthreadd(kthreadd), false);
  kthreadd.kernel = true;
  assert.equal(isKthreadd(kthreadd), true);
  kthreadd.ppid = 1;
  assert.equal(isKthreadd(kthreadd), false);
});

test("kernelPrograms() leaves what the kernel started, and the threads above it", () => {
  const thread = (pid: number, parent: Process | null) => {
    const made = running(pid, "thread", parent);
    made.kernel = true;
    return made;
  };
  const kthreadd = thread(2, null);
  const [idle, worker] = [thread(3, kthreadd), thread(4, kthreadd)];
  const agent = running(20, "agent", kthreadd);
  const helper = running(21, "helper", worker);
  // Nothing is known of what it runs, but a program has forked it.
  const unread = thread(23, running(22, "sh", helper));
  const [root] = buildForest([kthreadd, idle, worker, agent, helper, unread]).roots;
  assert.equal(outline([kernelPrograms(root!)!]), "2(4(21(22(23))) 20)");
  assert.equal(kernelPrograms(buildForest([kthreadd, idle]).roots[0]!), null);
});
