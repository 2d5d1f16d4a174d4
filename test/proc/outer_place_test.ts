import assert from "node:assert/strict";
import test from "node:test";
import { parseOuterPlace } from "../../src/proc/cgroup.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "f".repeat(64);

test("parseOuterPlace() names the outermost unit, and that of a user by the user", () => {
  for (
    const [path, unit, owner] of [
      ["/", null, 0],
      ["/init.scope", "init.scope", 0],
      ["/system.slice/cron.service", "cron.service", 0],
      ["/system.slice/web.service/evil.service/cron.service", "web.service", 0],
      ["/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", 0],
      ["/system.slice/_cpu.service", "cpu.service", 0],
      ["/system.slice", null, 0],
      ["/user.slice/user-1000.slice/session-3.scope", "user-1000.slice", 1000],
      [
        "/user.slice/user-1000.slice/user@1000.service/a.slice/nginx.service",
        "user-1000.slice",
        1000,
      ],
      ["/user.slice", "user.slice", 0],
      ["/user.slice/user-x.slice/a.service", "user-x.slice", 0],
      ["/my.slice/user-5.slice/a.service", "a.service", 0],
      [`/user.slice/user-${"9".repeat(400)}.slice`, `user-${"9".repeat(400)}.slice`, 0],
    ] as const
  ) {
    const place = parseOuterPlace(`0::${path}\n`);
    assert.deepEqual(place, { unit, container: null, owner }, path);
  }
});

test("parseOuterPlace() names the outermost container", () => {
  for (
    const [path, container, owner] of [
      [`/system.slice/docker-${ID}.scope`, ID, 0],
      [`/docker/${ID}/docker/${OTHER}`, ID, 0],
      [`/lxc.payload.web/docker/${ID}`, "web", 0],
      [`/user.slice/user-7.slice/user@7.service/user.slice/libpod-${ID}.scope`, ID, 7],
    ] as const
  ) {
    const { container: found, owner: whose } = parseOuterPlace(`0::${path}\n`);
    assert.deepEqual([found, whose], [container, owner], path);
  }
});

test("parseOuterPlace() takes what is no file of a control group for nowhere", () => {
  for (const text of ["", "nonsense\n:::\n", "0::relative\n"]) {
    assert.deepEqual(parseOuterPlace(text), { unit: null, container: null, owner: 0 });
  }
});
