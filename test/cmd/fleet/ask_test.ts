/** Whom of which host somebody means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostOf } from "../../../src/cmd/fleet/ask.ts";

test("a host may be called anything; a colon in the name of a process is none of a host", () => {
  const split = (text: string) => {
    const [operand, { host }] = hostOf({ env: { FH_FLEET: "postgres:///f" } }, text, {
      host: undefined as never,
    });
    return [host, operand];
  };
  assert.deepEqual(split("web7:4711"), ["web7", "4711"]);
  assert.deepEqual(split("web7:4711@03:12"), ["web7", "4711@03:12"]);
  assert.deepEqual(split("web7#2:x y"), ["web7#2", "x y"]);
  assert.deepEqual(split("wéb☃+1:sh"), ["wéb☃+1", "sh"]);
  assert.deepEqual(split("web7:tmux: server"), ["web7", "tmux: server"]);
  assert.deepEqual(split("web7:a\nb"), ["web7", "a\nb"]);
  for (const own of ["tmux: server", "kworker/0:1", "4711@03:12", "4711", "a b:c"]) {
    assert.deepEqual(split(own), [undefined, own]);
  }
});
