import assert from "node:assert/strict";
import { test } from "node:test";
import { INIT, MS, S, Story, SUPERVISOR } from "./story.ts";

const SERVER = ["/usr/bin/node", "/srv/server.js"];

/** So many lives of a server, one after the other. */
function loop(count: number, life: Partial<Parameters<Story["life"]>[0]>, pause = 2 * S): Story {
  const story = new Story();
  for (let i = 0; i < count; i++) {
    const lives = life.lives ?? 300 * MS;
    story.life({ at: 10 * S + i * (pause + lives), argv: SERVER, status: 0x100, ...life, lives });
  }
  return story;
}

function kinds(story: Story, quiet = 0): string[] {
  return story.tell({}, quiet).map(({ kind, isOver }) => isOver ? `${kind}, over` : kind);
}

test("a server that ends badly and is started again is a crash loop from the fifth time on", () => {
  assert.deepEqual(kinds(loop(4, { parent: SUPERVISOR })), []);
  const found = loop(12, { parent: SUPERVISOR }).tell();
  assert.equal(found.length, 1);
  const [{ kind, count, since, until, facts, process, isOver }] = found as [typeof found[0]];
  assert.deepEqual([kind, count, since, isOver], ["crash-loop", 12, 10 * S, false]);
  assert.equal(until, 10 * S + 12 * 300 * MS + 11 * 2 * S);
  assert.equal(process.status, 0x100);
  assert.equal(facts.by?.pid, SUPERVISOR);
  assert.equal(facts.meanLifeNs, 300 * MS);
  assert.equal(facts.everyNs, 2300 * MS);
});

test("it is over when it runs, ends well, or is not started any more", () => {
  const quiet = loop(6, { parent: SUPERVISOR });
  assert.deepEqual(kinds(quiet, 40 * S), ["crash-loop"]);
  assert.deepEqual(kinds(quiet, 60 * S), ["crash-loop, over"]);
  for (const end of [{ lives: 40 * S, status: 0x100 }, { lives: S, status: 0 }]) {
    const story = loop(6, { parent: SUPERVISOR });
    story.life({ at: 26 * S, argv: SERVER, parent: SUPERVISOR, ...end });
    assert.deepEqual(kinds(story), ["crash-loop, over"]);
  }
});

test("a signal is a bad end, but for those by which people end programs", () => {
  for (const status of [11, 6, 9, 0x100, 0xff00]) {
    assert.deepEqual(kinds(loop(6, { parent: SUPERVISOR, status, lives: 200 * MS })), [
      "crash-loop",
    ]);
  }
  for (const status of [1, 2, 13, 15, 0x8200, 0x8f00]) {
    assert.deepEqual(kinds(loop(6, { parent: SUPERVISOR, status })), []);
  }
});

test("a service is the same whoever has started it: that of a unit, a container or a pod", () => {
  const hex = "0123456789abcdef".repeat(4);
  const pod = "/kubepods.slice/kubepods-pod11111111_2222_3333_4444_555555555555.slice";
  for (
    const cgroupOf of [
      () => "/system.slice/web.service",
      () => `/docker/${hex}`,
      (i: number) => `${pod}/cri-containerd-${hex.slice(1)}${i}.scope`,
    ]
  ) {
    const story = new Story();
    for (let i = 0; i < 6; i++) {
      const shim = story.life({ at: 10 * S + i * 2 * S, lives: 9 * S, argv: ["/usr/bin/shim"] });
      const cgroup = cgroupOf(i);
      story.life({
        at: 10.5 * S + i * 2 * S,
        lives: S,
        argv: SERVER,
        status: 0x100,
        parent: shim,
        cgroup,
      });
    }
    assert.deepEqual(kinds(story), ["crash-loop"]);
  }
});

test("a pod that is started after longer and longer pauses is a crash loop", () => {
  const pod = "/kubepods.slice/kubepods-pod11111111_2222_3333_4444_555555555555.slice";
  const hex = "0123456789abcdef".repeat(4);
  const story = new Story();
  let at = 10 * S;
  [10, 20, 40, 80, 160, 300, 300].forEach((pause, i) => {
    const shim = story.life({ at: at - 5 * S, lives: 6 * S, argv: ["/usr/bin/shim"] });
    const cgroup = `${pod}/cri-containerd-${hex.slice(1)}${i}.scope`;
    story.life({ at, lives: S, argv: SERVER, status: 0x100, parent: shim, cgroup });
    at += (1 + pause) * S;
  });
  const found = story.tell();
  assert.deepEqual(found.map(({ kind, count, isOver }) => [kind, count, isOver]), [
    ["crash-loop", 7, false],
  ]);
});

test("a service that ends well and is started again is a restart loop, a command is none", () => {
  const service = { parent: INIT, status: 0, cgroup: "/system.slice/web.service" };
  const [found] = loop(6, service).tell();
  assert.deepEqual([found?.kind, found?.count], ["restart-loop", 6]);
  assert.deepEqual(kinds(loop(50, { status: 0 })), []);
  assert.deepEqual(kinds(loop(50, { status: 0, parent: SUPERVISOR })), []);
});

test("tests of a shell that say no, and commands that people repeat, are no loops", () => {
  const grep = { argv: ["/bin/grep", "-q", "ready", "/var/log/a"], lives: 3 * MS };
  assert.deepEqual(kinds(loop(100, grep, S)), []);
  // What a shell starts and what crashes is a loop all the same.
  assert.deepEqual(kinds(loop(100, { ...grep, status: 11 }, S)), ["crash-loop"]);
  // A shell may wait for something; it gives up, or it does not.
  assert.deepEqual(kinds(loop(19, {}, 3 * S)), []);
  assert.deepEqual(kinds(loop(20, {}, 3 * S)), ["crash-loop"]);
  const story = new Story();
  [10, 14, 31, 33, 55, 62, 90].forEach((at) => {
    story.life({ at: at * S, lives: S, argv: ["/usr/bin/make"], status: 0x200 });
  });
  assert.deepEqual(kinds(story), []);
});

test("checks in a container, timers, and a server's children are no loops", () => {
  const hex = "0123456789abcdef".repeat(4);
  const checked = new Story();
  const shim = checked.life({ at: 5 * S, lives: 900 * S, argv: ["/usr/bin/shim"] });
  const inside = { cgroup: `/docker/${hex}`, parent: shim };
  checked.life({ at: 10 * S, lives: 800 * S, argv: SERVER, ...inside });
  for (let i = 0; i < 20; i++) {
    const status = i < 10 ? 0x100 : 0;
    checked.life({ at: (20 + 10 * i) * S, lives: 50 * MS, argv: ["/check"], status, ...inside });
  }
  assert.deepEqual(kinds(checked), []);
  const timed = new Story();
  const servers = new Story();
  const sshd = servers.life({ at: 5 * S, lives: 900 * S, argv: ["/usr/sbin/sshd", "-D"] });
  for (let i = 0; i < 20; i++) {
    const cgroup = "/system.slice/poll.service";
    timed.life({ at: (10 + 30 * i) * S, lives: S, argv: ["/poll"], parent: INIT, cgroup });
    const at = (10 + 9 * i) * S;
    servers.life({ at, lives: S, argv: ["/usr/sbin/sshd", "-D"], status: 0xff00, parent: sshd });
  }
  assert.deepEqual(kinds(timed), []);
  assert.deepEqual(kinds(servers), []);
});

test("what runs side by side, or fails now and then, is no loop", () => {
  const side = new Story();
  for (let i = 0; i < 20; i++) {
    side.life({
      at: 10 * S + i * 100 * MS,
      lives: S,
      argv: SERVER,
      status: 0x100,
      parent: SUPERVISOR,
    });
  }
  assert.deepEqual(kinds(side), []);
  const mixed = new Story();
  for (let i = 0; i < 100; i++) {
    mixed.life({
      at: 10 * S + i * S,
      lives: 200 * MS,
      argv: ["/usr/bin/cc", "conftest.c"],
      status: i % 3 === 0 ? 0 : 0x100,
    });
  }
  assert.deepEqual(kinds(mixed), []);
});

test("a loop has the same key in every look, and thresholds are heeded", () => {
  const keys = [1, 2].map(() => loop(6, { parent: SUPERVISOR }).tell()[0]!.key);
  assert.equal(keys[0], keys[1]);
  assert.match(keys[0]!, /^crash-loop-[0-9a-f]{8}$/);
  const three = loop(3, { parent: SUPERVISOR });
  assert.equal(three.tell({ "loop-times": 3 }).length, 1);
  assert.equal(loop(6, { parent: SUPERVISOR }).tell({ "loop-life": 100 * MS }).length, 0);
  assert.equal(loop(6, { parent: SUPERVISOR }).tell({ "loop-pause": S }).length, 0);
});
