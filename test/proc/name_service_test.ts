import assert from "node:assert/strict";
import { test } from "node:test";
import { NAME_LIMITS, type NameDoor, NameService } from "../../src/proc/name_service.ts";
import { Users } from "../../src/proc/passwd.ts";

const DIRECTORY: Readonly<Record<string, string>> = {
  "5000": "ann:*:5000:5000:Ann:/home/ann:/bin/sh\n",
  "ann": "ann:*:5000:5000:Ann:/home/ann:/bin/sh\n",
  "CORP\\Bob": "bob@corp:*:5001:5001::/:\n",
};

/** A directory that notes what it is asked, and how long each question takes. */
class Directory implements NameDoor {
  readonly asked: string[][] = [];
  /** What time it is. */
  nowMs = 0;
  /** Milliseconds that an answer takes. */
  takes = 5;
  /** Given where answers in the background are held back. */
  gate: Promise<void> | null = null;

  now(keys: readonly string[], ms: number): string {
    this.nowMs += Math.min(ms, this.takes);
    return this.takes > ms ? "" : this.#answer(keys);
  }

  async later(keys: readonly string[]): Promise<string> {
    await this.gate;
    return this.#answer(keys);
  }

  #answer(keys: readonly string[]): string {
    this.asked.push([...keys]);
    return keys.map((key) => DIRECTORY[key] ?? "").join("");
  }

  readonly clock = () => this.nowMs;
}

function opened(): { directory: Directory; service: NameService; users: Users } {
  const directory = new Directory();
  const service = new NameService(directory, directory.clock);
  const users = new Users(() => "root:x:0:0::/:\n", directory.clock, service);
  return { directory, service, users };
}

/** Waits until what was asked for in the background is answered. */
async function answered(directory: Directory, count: number): Promise<void> {
  while (directory.asked.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 1));
}

test("users that the file does not have are asked for, each once", () => {
  const { directory, users } = opened();
  assert.equal(users.name(5000), "ann");
  assert.equal(users.uid("ann"), 5000);
  assert.deepEqual([users.name(6000), users.uid("nobody-there")], [null, null]);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual([users.name(5000), users.name(6000), users.name(0)], ["ann", null, "root"]);
    assert.deepEqual([users.uid("ann"), users.uid("nobody-there"), users.uid("0")], [
      5000,
      null,
      0,
    ]);
  }
  assert.deepEqual(directory.asked, [["5000"], ["ann"], ["6000"], ["nobody-there"]]);
});

test("a name that its directory spells in another way is the one that was asked for", () => {
  const { users } = opened();
  assert.equal(users.uid("CORP\\Bob"), 5001);
});

test("what cannot be a name is not asked for: it would be an option, or many lines", () => {
  const { directory, users } = opened();
  for (const name of ["", "-s", "a:b", "a\nb", " a", "x".repeat(300), "99999999999", "a\0"]) {
    assert.equal(users.uid(name), null, name);
  }
  assert.equal(users.uid("4294967295"), null);
  assert.deepEqual(directory.asked, []);
});

test("answers are asked for again after a while, and kept where none comes", () => {
  const { directory, users } = opened();
  assert.equal(users.name(5000), "ann");
  assert.equal(users.name(6000), null);
  directory.nowMs += NAME_LIMITS.unknownMs;
  users.name(5000);
  users.name(6000);
  assert.deepEqual(directory.asked, [["5000"], ["6000"], ["6000"]]);
  directory.nowMs += NAME_LIMITS.knownMs;
  assert.equal(users.name(5000), "ann");
  assert.equal(directory.asked.length, 4);
});

test("a command waits so long and so often in all, and shows numbers from then on", () => {
  const { directory, users } = opened();
  for (let uid = 10_000; uid < 11_000; uid++) users.name(uid);
  assert.equal(directory.asked.length, NAME_LIMITS.waitedAsks);
  const slow = opened();
  slow.directory.takes = 10_000;
  const began = slow.directory.nowMs;
  for (let uid = 10_000; uid < 11_000; uid++) slow.users.name(uid);
  assert.equal(slow.directory.nowMs - began, NAME_LIMITS.waitedMs);
});

test("live, nobody waits: names come later, all of a moment asked for in one call", async () => {
  const { directory, users } = opened();
  const gate = Promise.withResolvers<void>();
  directory.gate = gate.promise;
  users.live();
  assert.deepEqual([users.name(5000), users.name(6000), users.name(5000)], [null, null, null]);
  assert.deepEqual(directory.asked, []);
  gate.resolve();
  await answered(directory, 1);
  assert.deepEqual([users.name(5000), users.name(6000)], ["ann", null]);
  assert.deepEqual(directory.asked, [["5000", "6000"]]);
  assert.equal(directory.nowMs, 0);
});

test("live, so many wait at most, and so many answers are remembered", async () => {
  const { directory, users } = opened();
  users.live();
  for (let uid = 10_000; uid < 10_000 + 3 * NAME_LIMITS.batch; uid++) users.name(uid);
  await answered(directory, 1);
  assert.equal(directory.asked[0]!.length, NAME_LIMITS.batch);
  // The next call comes after a pause: nobody can have one started after the other.
  assert.equal(users.name(5000), null);
  await new Promise((resolve) => setTimeout(resolve, NAME_LIMITS.pauseMs / 4));
  assert.equal(directory.asked.length, 1);
});

test("learn() waits for names that are asked for later, and not for others", async () => {
  const { directory, users } = opened();
  users.live();
  assert.deepEqual(users.unknown(["ann", "root", "77", "-x", "eve"]), ["ann", "eve"]);
  assert.deepEqual(directory.asked, []);
  await users.learn(["ann", "eve"]);
  assert.deepEqual([users.uid("ann"), users.uid("eve")], [5000, null]);
  assert.deepEqual(users.unknown(["ann", "eve"]), []);
  assert.equal(directory.asked.length, 1);
  await new Users(() => null, directory.clock).learn(["ann"]);
});
