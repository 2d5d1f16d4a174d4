import assert from "node:assert/strict";
import { test } from "node:test";
import { ThreadTime } from "../../src/model/common_shares.ts";
import { encodeImage, Image, NO_IMAGE, shortenImage } from "../../src/model/image.ts";
import { IMAGE_LIMITS, ImageShares } from "../../src/model/image_shares.ts";
import { Machine } from "../../src/model/machine.ts";
import { TimeShares } from "../../src/model/shares.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { exit, fork } from "../support/events.ts";

const KIB = 1024;
const encoder = new TextEncoder();

/** An encoded image with a command line of so many bytes. */
function long(bytes: number, letter = "x"): Uint8Array {
  return encodeImage({
    ...NO_IMAGE.parts,
    argv: encoder.encode(letter.repeat(bytes - 1) + "\0"),
    exe: encoder.encode("/bin/long"),
    cwd: encoder.encode("/" + "d".repeat(4000)),
    comm: encoder.encode("long"),
  });
}

function execOf(time: number, pid: number, text: Uint8Array, uid: number): SourceEvent {
  const event = new SourceEvent().reset(EVENT.exec, time, pid, pid);
  event.text = text;
  event.d = uid;
  return event;
}

test("shortenImage() keeps the beginning of a command line, and what is short", () => {
  const image = Image.decode(shortenImage(long(64 * KIB), 1024));
  assert.deepEqual([image.parts.argv!.length, image.argvMore], [1024, 63 * KIB]);
  assert.deepEqual([image.exe, image.cwd, image.comm], ["/bin/long", null, "long"]);
  const again = Image.decode(shortenImage(encodeImage(image.parts), 100));
  assert.deepEqual([again.parts.argv!.length, again.argvMore], [100, 64 * KIB - 100]);
});

test("one user's images take no more than a share, and are cut beyond it", () => {
  const shares = new ImageShares(undefined, null, 1000 * KIB, 200 * KIB);
  const hold = (uid: number) => {
    const image = shares.decode(long(64 * KIB), undefined, uid);
    shares.hold(image);
    return image;
  };
  const mine = Array.from({ length: 20 }, () => hold(1));
  const whole = mine.filter(({ argvMore }) => argvMore === 0);
  assert.equal(whole.length, 5);
  assert.equal(shares.takeCut(), 15);
  assert.ok(mine.at(-1)!.parts.argv!.length <= IMAGE_LIMITS.short);
  assert.equal(hold(2).argvMore, 0, "another's are not touched");
  assert.equal(hold(0).argvMore, 0);
  for (const image of mine) shares.release(image);
  assert.equal(hold(1).argvMore, 0, "what was given back may be taken again");
});

test("a short image is never cut, and costs nothing to count", () => {
  const shares = new ImageShares(undefined, null, 0, 0);
  const image = shares.decode(
    encodeImage({ ...NO_IMAGE.parts, argv: encoder.encode("sh\0") }),
    undefined,
    1,
  );
  shares.hold(image);
  assert.deepEqual([image.bytes, image.argvMore, shares.used], [0, 0, 0]);
});

test("who has no time left is cut before anything is looked at; root never", () => {
  let now = 0;
  const looked: number[] = [];
  const redact = (argv: Uint8Array) => {
    looked.push(argv.length);
    now += 500;
    return argv;
  };
  const time = new ThreadTime(new TimeShares(0.2, 400), () => now);
  const shares = new ImageShares(redact, time, 64 << 20, 0);
  for (const uid of [1, 1, 2, 0, 0]) shares.decode(long(64 * KIB), undefined, uid);
  assert.deepEqual(looked, [64 * KIB, 1024, 64 * KIB, 64 * KIB, 64 * KIB]);
  now += 10_000;
  assert.equal(shares.decode(long(64 * KIB), undefined, 1).argvMore, 0);
});

test("the machine gives back what nobody has any more: by forks, execs, ends, forgetting", () => {
  const limits = { total: 10_000 * KIB, reserve: 0 };
  const machine = new Machine({
    onChange() {},
    deadLimit: 4,
    ancestorLimit: 4,
    imageLimits: limits,
  });
  const heldBy = () => {
    const images = new Set([...machine.processes()].map(({ image }) => image));
    return [...images].reduce((sum, { bytes }) => sum + bytes, 0);
  };
  let time = 1e9;
  for (let round = 0; round < 200; round++) {
    const pid = 100 + round % 50;
    machine.step(fork(time++, pid, round % 3 === 0 ? 99 + round % 50 : 1));
    machine.step(execOf(time++, pid, long((2 + round % 7) * KIB, "abc"[round % 3]), 1));
    if (round % 2 === 0) machine.step(execOf(time++, pid, long(3 * KIB), 1));
    if (round % 4 === 0) machine.step(fork(time++, 1000 + round, pid));
    if (round % 5 !== 0) machine.step(exit(time++, pid, 0));
    if (round % 8 === 0) machine.step(exit(time++, 1000 + round, 0));
    assert.equal(machine.imageBytes, heldBy(), `round ${round}`);
  }
  assert.ok(machine.imageBytes > 0);
});

test("a user with thousands of living programs does not fill the memory with their texts", () => {
  const machine = new Machine({ onChange() {} });
  let time = 1e9;
  for (let pid = 10; pid < 5010; pid++) {
    machine.step(fork(time++, pid, 1));
    machine.step(execOf(time++, pid, long(64 * KIB), 1000));
  }
  assert.ok(machine.imageBytes <= (IMAGE_LIMITS.total - IMAGE_LIMITS.reserve) / 2);
  machine.step(fork(time++, 6000, 1));
  machine.step(execOf(time++, 6000, long(64 * KIB), 1001));
  assert.equal(machine.get(6000)!.image.argvMore, 0);
  assert.ok(machine.get(5009)!.image.argvMore > 0);
  assert.ok(machine.takeCut() > 4000);
});
