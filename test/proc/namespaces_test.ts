import assert from "node:assert/strict";
import test from "node:test";
import { INIT_NS_INO, NS_DYNAMIC_FIRST, parseNamespace } from "../../src/proc/namespaces.ts";
import { openProcfs } from "../../src/proc/procfs.ts";

test("parseNamespace() gives the inode number", () => {
  assert.equal(parseNamespace("pid:[4026531836]"), INIT_NS_INO.pid);
  assert.equal(parseNamespace("mnt:[1]"), 1);
});

test("parseNamespace() gives null for other text", () => {
  for (const text of ["", "pid:[]", "pid:[x]", "pid:[1", "pid:[1]\n", "/dev/null", "pid:[-1]"]) {
    assert.equal(parseNamespace(text), null, JSON.stringify(text));
  }
});

test("parseNamespace() reads the links of this process", () => {
  const reader = openProcfs("/proc");
  for (const name of ["pid", "user", "net", "mnt"] as const) {
    const link = new TextDecoder().decode(reader.link("self", `ns/${name}`)!);
    const inode = parseNamespace(link);
    assert.ok(inode === INIT_NS_INO[name] || inode! >= NS_DYNAMIC_FIRST, link);
  }
});
