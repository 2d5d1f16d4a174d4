import assert from "node:assert/strict";
import test from "node:test";
import { Users } from "../../src/proc/passwd.ts";
import { findEntry, parsePasswd } from "../../src/proc/passwd_text.ts";

const TEXT = `root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root:/bin/sh
# comment:x:5:5::/:
+nis:x:6:6::/:
-nis:x:6:6::/:
broken
:x:7:7::/:
word:x:seven:7::/:
minus:x:-1:7::/:
big:x:4294967295:7::/:
short:x:8
a b\x1b:x:1000:1000:::
root:x:99:99::/:

`;

test("parsePasswd() keeps the first line of each name and number", () => {
  const { nameOf, uidOf } = parsePasswd(TEXT);
  assert.deepEqual([...nameOf], [[0, "root"], [1000, "a b\x1b"], [99, "root"]]);
  assert.deepEqual([...uidOf], [["root", 0], ["toor", 0], ["a b\x1b", 1000]]);
});

function usersOf(
  texts: (string | null)[],
): { users: Users; reads(): number; pass(ms: number): void } {
  let [reads, now] = [0, 5];
  const users = new Users(() => texts[Math.min(reads++, texts.length - 1)]!, () => now);
  return { users, reads: () => reads, pass: (ms) => now += ms };
}

test("Users reads when first asked and then only for somebody unknown", () => {
  const { users, reads, pass } = usersOf([TEXT]);
  assert.equal(reads(), 0);
  assert.equal(users.name(0), "root");
  pass(60_000);
  assert.equal(users.uid("root"), 0);
  assert.equal(users.name(1000), "a b\x1b");
  assert.equal(reads(), 1);
  assert.equal(users.name(12345), null);
  assert.equal(reads(), 2);
});

test("Users finds a user who was added, at most a second late", () => {
  const { users, reads, pass } = usersOf([TEXT, `${TEXT}new:x:2000:2000::/:\n`]);
  assert.equal(users.name(2000), null);
  pass(999);
  assert.equal(users.name(2000), null);
  assert.equal(users.uid("new"), null);
  assert.equal(reads(), 1);
  pass(1);
  assert.equal(users.name(2000), "new");
  assert.equal(users.uid("new"), 2000);
  assert.equal(reads(), 2);
});

test("Users.uid() takes numbers, but a name that looks like one first", () => {
  const { users } = usersOf(["77:x:1234:5::/:\n"]);
  assert.equal(users.uid("77"), 1234);
  assert.equal(users.uid("78"), 78);
  assert.equal(users.uid("4294967294"), 4294967294);
  for (const text of ["4294967295", "-1", "1.5", "", " 1", "0x1", "nobody-here"]) {
    assert.equal(users.uid(text), null, JSON.stringify(text));
  }
});

test("Users keeps what it knows when the file cannot be read any more", () => {
  const { users, pass } = usersOf([TEXT, null]);
  assert.equal(users.name(0), "root");
  pass(2000);
  assert.equal(users.name(5), null);
  assert.equal(users.name(0), "root");
});

test("findEntry() finds a user by name before uid, and leaves out what is none", () => {
  const text = "# x:x:0:0::/:\n+nis:x:6:6::/:\nbad:x:y:0::/:\n12:x:7:8::/home/twelve:/bin/sh\n" +
    "alice:x:12:100:Alice:/home/alice:/bin/sh\nalice:x:13:1::/:\n";
  assert.deepEqual(findEntry(text, "alice"), {
    name: "alice",
    uid: 12,
    gid: 100,
    home: "/home/alice",
  });
  assert.equal(findEntry(text, "12")?.name, "12");
  assert.equal(findEntry(text, "7")?.name, "12");
  for (const none of ["", "bad", "+nis", "nis", "# x", "99"]) {
    assert.equal(findEntry(text, none), null, none);
  }
});
