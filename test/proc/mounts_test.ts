import assert from "node:assert/strict";
import test from "node:test";
import { procOptions, virtualFiles } from "../../src/proc/mounts.ts";
import { readFixtureText } from "../support/fixture.ts";

const mounted = (options: string) => `22 27 0:21 / /proc rw - proc proc ${options}\n`;

test("procOptions() reads a plain mount as hiding nothing", () => {
  const text = readFixtureText("proc/mountinfo.txt");
  assert.deepEqual(procOptions(text), { hidepid: "off", gid: null, subset: null });
});

test("procOptions() takes the topmost of two mounts", () => {
  const text = readFixtureText("proc/mountinfo_hidepid.txt");
  assert.deepEqual(procOptions(text), { hidepid: "invisible", gid: 4, subset: "pid" });
});

test("procOptions() knows words and numbers of hidepid", () => {
  for (
    const [value, hidepid] of [
      ["0", "off"],
      ["1", "noaccess"],
      ["2", "invisible"],
      ["4", "ptraceable"],
      ["off", "off"],
      ["noaccess", "noaccess"],
      ["invisible", "invisible"],
      ["ptraceable", "ptraceable"],
      ["3", null],
      ["newer", null],
    ] as const
  ) assert.equal(procOptions(mounted(`rw,hidepid=${value}`))!.hidepid, hidepid, value);
});

test("procOptions() decodes octal escapes and tells mount points apart", () => {
  const text = "9 1 0:5 / /a\\040b\\134c rw shared:1 master:2 - proc proc rw,gid=7\n" +
    "9 1 0:5 / /proc/sys rw - proc proc rw,gid=8\n" +
    "9 1 0:5 / /proc rw - tmpfs proc rw,gid=9\n";
  assert.equal(procOptions(text), null);
  assert.equal(procOptions(text, "/a b\\c")!.gid, 7);
  assert.equal(procOptions(text, "/proc/sys")!.gid, 8);
});

test("procOptions() gives null without a procfs and for malformed lines", () => {
  for (const text of ["", "\n", " - ", " - proc", "1 2 3 4 /proc - proc", "1 - proc proc rw"]) {
    assert.equal(procOptions(text), null, JSON.stringify(text));
  }
});

test("virtualFiles() names what lxcfs lies over, and leaves masks and the kernel's own", () => {
  const lxcfs = (name: string) =>
    `83 80 0:41 /proc/${name} /proc/${name} rw,nosuid - fuse.lxcfs lxcfs rw,user_id=0\n`;
  const names = ["loadavg", "stat", "sys/kernel/random/boot_id"];
  const text = mounted("rw") + lxcfs("loadavg") + lxcfs("uptime") +
    "84 80 0:5 /null /proc/kcore rw - devtmpfs devtmpfs rw\n" +
    "85 80 0:21 /loadavg /proc/stat rw - proc proc rw\n" +
    "86 80 0:7 /id /proc/sys/kernel/random/boot_id ro - tmpfs tmpfs rw\n";
  assert.deepEqual(virtualFiles(text, names), [
    { name: "loadavg", type: "fuse.lxcfs" },
    { name: "sys/kernel/random/boot_id", type: "tmpfs" },
  ]);
  assert.deepEqual(virtualFiles(text, names, "/p"), []);
  assert.deepEqual(virtualFiles(text + mounted("rw"), names), [], "a new one lies over all");
});
