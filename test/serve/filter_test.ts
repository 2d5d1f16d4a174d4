import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGlob } from "../../src/ask/text/values.ts";
import { Image } from "../../src/model/image.ts";
import { Change } from "../../src/model/machine.ts";
import { Process } from "../../src/model/process.ts";
import { Users } from "../../src/proc/passwd.ts";
import { parseFilter, parseRule } from "../../src/serve/filter.ts";

const users = new Users(() => "root:x:0:0::/:\n", () => 0);
const ASKER = { find: () => undefined, trusted: false };
const bytes = (text: string) => new TextEncoder().encode(text);

/** A process of an executable, in a unit. */
function running(exe: string, unit: string): Process {
  const process = new Process(60, 0, 0);
  process.uid = 0;
  process.image = new Image({
    argv: bytes("x\0"),
    exe: bytes(exe),
    cwd: null,
    cgroup: bytes(`0::/system.slice/${unit}\n`),
    comm: bytes("x"),
    env: null,
  });
  return process;
}

/** Whether rules and subscriptions, which must agree, let it pass. */
function passes(filter: Record<string, unknown>, process: Process): boolean {
  const change = new Change();
  change.kind = "exec";
  change.process = process;
  const rule = parseRule(filter, users).matches(process);
  const { live, past } = parseFilter(filter, users, ASKER);
  assert.deepEqual([live.matches(change), past.matches(change)], [rule, rule]);
  return rule;
}

test("exe finds what runs an executable that was replaced or removed since", () => {
  for (const exe of ["/usr/sbin/nginx", "/usr/sbin/nginx (deleted)"]) {
    const process = running(exe, "a.service");
    for (const glob of ["nginx", "/usr/sbin/nginx", "/usr/*", "ngin?", exe]) {
      assert.ok(passes({ exe: glob }, process), `${glob} ${exe}`);
    }
    for (const glob of ["ginx", "/usr/sbin/ngin", "sbin"]) {
      assert.ok(!passes({ exe: glob }, process), `${glob} ${exe}`);
    }
  }
  assert.ok(!passes({ exe: "nginx (deleted)" }, running("/usr/sbin/nginx", "a.service")));
  assert.ok(passes({ exe: "*(deleted)" }, running("/tmp/x (deleted)", "a.service")));
});

test("a name matches itself letter by letter, whatever it means as a glob", () => {
  const unit = "backup@srv\\x2ddata.service";
  for (const glob of [unit, "backup@srv\\\\x2ddata.service", "backup@*", `/x`, "*x2ddata*"]) {
    assert.equal(passes({ unit: glob }, running("/bin/x", unit)), glob !== "/x", glob);
  }
  assert.ok(passes({ cgroup: `/system.slice/${unit}` }, running("/bin/x", unit)));
  assert.ok(passes({ exe: "a[1]\\x" }, running("/opt/a[1]\\x", unit)));
  assert.ok(passes({ exe: "/opt/a[1]" }, running("/opt/a[1] (deleted)", unit)));
  assert.ok(!passes({ exe: "/opt/a[1]" }, running("/opt/a[2]", unit)));
});

test("a text that is far too long is refused before anything is made of it", () => {
  // To look for the end of each of these sets took minutes.
  for (const text of ["[".repeat(65_000), "\\".repeat(65_000), "[a".repeat(30_000)]) {
    for (const name of ["comm", "exe", "cgroup", "unit"]) {
      const message = /Bad pattern: larger than 1024 characters; give a smaller one$/;
      assert.throws(() => parseRule({ [name]: text }, users), { message });
    }
  }
});

test("a set of a glob ends before 256 characters, or is none", () => {
  const [some, many] = [256, 257].map((count) => `[${"a".repeat(count)}]`);
  assert.deepEqual([some!, many!].map((glob) => parseGlob(glob)("a")), [true, false]);
  assert.ok(parseGlob(many!)(many!));
});
