import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isRaised, Pager, pagerOf } from "../../src/term/pager.ts";

const USER = 1000;
const ENV = { PATH: "/nowhere:/bin:/usr/bin", TERM: "xterm" };
const command = (env: Record<string, string>, euid = USER) => pagerOf({ ...ENV, ...env }, euid);

test("FH_PAGER comes before PAGER, and cat or nothing stands for none", () => {
  assert.equal(command({ FH_PAGER: "sh -c true", PAGER: "env" }).command, "sh -c true");
  assert.equal(command({ PAGER: "env" }).command, "env");
  for (const none of ["", " ", "cat"]) {
    assert.equal(command({ FH_PAGER: none, PAGER: "env" }).command, null);
  }
  assert.equal(command({ FH_PAGER: "/bin/sh" }).command, "/bin/sh");
});

test("what is more than a program is the shell's business", () => {
  for (const line of ["$HOME/mine", "LESS=FRX less", "command less", "exec less", "a|b"]) {
    assert.deepEqual(command({ FH_PAGER: line }), { command: line, missing: null }, line);
  }
});

test("without them it is less, where that is there and the terminal can do it", () => {
  assert.equal(command({ PATH: "/nowhere" }).command, null);
  for (const TERM of ["dumb", ""]) {
    assert.equal(command({ TERM }).command, null);
    assert.equal(command({ TERM, PAGER: "env" }).command, null);
    assert.equal(command({ TERM, FH_PAGER: "env" }).command, "env");
  }
});

test("a pager that is not there is named", () => {
  assert.deepEqual(command({ FH_PAGER: "fh-no-such -x" }), {
    command: null,
    missing: "fh-no-such",
  });
  assert.equal(command({ PAGER: "/no/such" }).missing, "/no/such");
  assert.equal(command({ PAGER: "/tmp" }).missing, "/tmp", "a folder");
});

test("whoever is root by sudo gets no program of their choice, nor a shell out of less", () => {
  for (const name of ["SUDO_UID", "DOAS_USER", "PKEXEC_UID"]) {
    const env = { ...ENV, [name]: "1000", FH_PAGER: "env", PAGER: "env" };
    assert.notEqual(pagerOf(env, 0).command, "env");
    assert.deepEqual([isRaised(env, 0), isRaised(env, USER)], [true, false]);
  }
  assert.equal(command({ FH_PAGER: "env" }, 0).command, "env");
});

/** A pager, and whether it takes no more. */
function start(line: string) {
  const told = { closed: 0 };
  const pager = new Pager(line, process.env, USER, () => void told.closed++);
  return { pager, told };
}

test("whoever reads the first page keeps the rest waiting", async () => {
  const { pager } = start("sleep 1; cat > /dev/null");
  for (let i = 0; i < 200; i++) pager.write("x".repeat(16 << 10));
  assert.ok(pager.pendingBytes > 2 << 20, `${pager.pendingBytes}`);
  await pager.drain();
  assert.ok(pager.pendingBytes < 1 << 20, `${pager.pendingBytes}`);
  await pager.end();
  assert.equal(pager.hasFailed, false);
});

test("a pager that cannot be executed has failed, one that ends early has not", async () => {
  for (const [line, hasFailed] of [["(exit 127)", true], ["(exit 126)", true], ["false", false]]) {
    const { pager, told } = start(line as string);
    pager.write("x".repeat(1 << 20));
    await pager.end();
    assert.deepEqual([pager.hasFailed, told.closed, pager.closed], [hasFailed, 1, true]);
    pager.write("more");
    await pager.drain();
  }
});

test("what sh has started for it ends with it", async () => {
  for (const line of ["sleep 54323", "cat | sleep 54323"]) {
    const { pager, told } = start(line);
    // Until sh has started them.
    await delay(200);
    pager.kill();
    await pager.end();
    assert.equal(told.closed, 1);
  }
});
