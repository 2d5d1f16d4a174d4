import assert from "node:assert/strict";
import test from "node:test";
import { parseNetlink } from "./netlink.ts";
import { readFixtureText } from "./fixture.ts";

test("parseNetlink() reads the kernel's own sockets", () => {
  const rows = parseNetlink(readFixtureText("proc/netlink.txt"));
  assert.equal(rows.length, 10);
  assert.deepEqual(rows[6], { protocol: 11, portId: 0, groups: 0, drops: 0, inode: 1026 });
});

test("parseNetlink() reads groups as hexadecimal, and large port ids", () => {
  assert.deepEqual(
    parseNetlink(
      "0000000000000000 11  4294963172 80000001 1152     0        0     2        744 66\n",
    ),
    [{ protocol: 11, portId: 4294963172, groups: 0x80000001, drops: 744, inode: 66 }],
  );
});

test("parseNetlink() leaves out lines that are no rows", () => {
  assert.deepEqual(parseNetlink("sk Eth Pid Groups\n\n1 2 3\nx y z 1 2 3 4 5 6 7\n"), []);
});
