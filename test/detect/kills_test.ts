import assert from "node:assert/strict";
import { test } from "node:test";
import { INIT, MS, S, Story } from "./story.ts";

const HOG = ["/usr/bin/hog", "--all"];

test("a kill by the kernel is told with the reason, however short the life was", () => {
  const story = new Story();
  const pid = story.life({ at: 10 * S, lives: S, argv: HOG, status: 9 });
  story.life({ at: 12 * S, lives: S, argv: HOG, status: 9 });
  const explain = (process: { readonly pid: number }) => process.pid === pid ? "no memory" : null;
  const found = story.tell({}, 0, { explain });
  assert.deepEqual(found.map(({ kind, facts, count }) => [kind, facts.reason, count]), [
    ["oom-kill", "no memory", 1],
  ]);
});

test("a kill by nobody knows whom is told of services and of what ran long", () => {
  const kinds = (life: Partial<Parameters<Story["life"]>[0]>) => {
    const story = new Story();
    story.life({ at: 10 * S, lives: S, argv: HOG, status: 9, ...life });
    return story.tell().map(({ kind }) => kind);
  };
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ lives: 61 * S }), []);
  assert.deepEqual(kinds({ lives: 61 * S, cgroup: "/user.slice/session-1.scope" }), ["killed"]);
  assert.deepEqual(kinds({ parent: INIT, cgroup: "/system.slice/b.service" }), ["killed"]);
  assert.deepEqual(kinds({ lives: 61 * S, status: 15 }), []);
});

test("core dumps of one program are one finding, which is over after a while", () => {
  const story = new Story();
  for (const at of [10, 170, 200]) {
    story.life({ at: at * S, lives: 50 * MS, argv: HOG, status: 0x8b });
  }
  story.life({ at: 20 * S, lives: 50 * MS, argv: ["/bin/other"], status: 0x86 });
  story.life({ at: 20 * S, lives: 50 * MS, argv: ["/bin/third"], status: 0x0b });
  story.life({ at: 20 * S, lives: 50 * MS, argv: ["/bin/fourth"], status: 0x83 });
  const tell = (quiet: number) => {
    return story.tell({}, quiet).map(({ kind, count, isOver }) => [kind, count, isOver]);
  };
  assert.deepEqual(tell(1), [["core-dump", 3, false], ["core-dump", 1, false]]);
  assert.deepEqual(tell(700 * S), [["core-dump", 3, true], ["core-dump", 1, true]]);
});
