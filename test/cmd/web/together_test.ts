/** Work that several wait for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Together } from "../../../src/cmd/web/together.ts";

const NEVER = new AbortController().signal;

test("who asks for the same waits for the same, and others do not", async () => {
  const together = new Together<number>();
  let begun = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const find = async () => {
    const number = ++begun;
    await promise;
    return number;
  };
  const asked = ["a", "a", "b", "a"].map((key) => together.take(key, NEVER, find));
  resolve();
  assert.deepEqual(await Promise.all(asked), [1, 1, 2, 1]);
  assert.equal(await together.take("a", NEVER, find), 3);
});

test("work ends when nobody waits for it, and not before", async () => {
  const together = new Together<number>();
  const ends: AbortSignal[] = [];
  const find = (ending: AbortSignal) => {
    ends.push(ending);
    return new Promise<number>(() => {});
  };
  const [one, other] = [new AbortController(), new AbortController()];
  const asked = [one, other].map(({ signal }) => together.take("a", signal, find));
  one.abort("gone");
  await assert.rejects(asked[0]!, (reason) => reason === "gone");
  assert.equal(ends[0]!.aborted, false);
  other.abort("gone too");
  await assert.rejects(asked[1]!, (reason) => reason === "gone too");
  assert.equal(ends[0]!.aborted, true);
  // Who asks after that gets work of their own.
  void together.take("a", NEVER, find);
  assert.equal(ends.length, 2);
  assert.equal(ends[1]!.aborted, false);
});

test("what fails, fails for all who wait, and who had gone before begins nothing", async () => {
  const together = new Together<number>();
  const find = () => Promise.reject(new Error("no"));
  const asked = [1, 2].map(() => together.take("a", NEVER, find));
  for (const one of asked) await assert.rejects(one, /no/);
  let begun = false;
  const gone = together.take("b", AbortSignal.abort("gone"), () => {
    begun = true;
    return Promise.resolve(1);
  });
  await assert.rejects(gone, (reason) => reason === "gone");
  assert.equal(begun, false);
});
