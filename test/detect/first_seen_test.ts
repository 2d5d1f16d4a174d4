import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownPrograms } from "../../src/detect/first_seen.ts";
import { MS, S, SHELL, Story } from "./story.ts";

/** A host that knows some programs, and who ran what on it. */
class Known implements KnownPrograms {
  readonly met: string[] = [];
  readonly #names: Set<string>;

  constructor(...names: readonly string[]) {
    this.#names = new Set(names);
  }

  isNew(program: string, uid: number | null): boolean {
    this.met.push(`${program} ${uid}`);
    const known = this.#names.has(program);
    this.#names.add(program);
    return !known;
  }
}

const OLD = ["/sbin/init", "/srv/run.sh", "/usr/bin/supervisord", "/usr/sbin/cron", "/bin/ls"];

function story(): Story {
  const story = new Story();
  story.life({ at: 10 * S, lives: 50 * MS, argv: ["/bin/ls", "-l"] });
  story.life({ at: 11 * S, lives: 50 * MS, argv: ["/opt/new", "--all"] });
  story.life({ at: 12 * S, lives: 50 * MS, argv: ["/opt/new", "--again"] });
  return story;
}

test("a program that the host never ran is told once, with who started it", () => {
  const programs = new Known(...OLD);
  const found = story().tell({}, 0, { programs });
  assert.deepEqual(
    found.map(({ kind, count, facts, isOver }) => [
      kind,
      count,
      facts.reason,
      facts.by?.pid,
      isOver,
    ]),
    [["first-seen", 1, "/opt/new", SHELL, false]],
  );
  assert.equal(programs.met.filter((one) => one.startsWith("/opt/new ")).length, 2);
  const later = story().tell({}, 700 * S, { programs: new Known(...OLD) });
  assert.deepEqual(later.map(({ isOver }) => isOver), [true]);
});

test("nothing is told where nobody asks for it", () => {
  assert.deepEqual(story().tell(), []);
});
