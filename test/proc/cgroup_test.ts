import assert from "node:assert/strict";
import test from "node:test";
import { parseCgroup } from "../../src/proc/cgroup.ts";
import { readFixtureText } from "../support/fixture.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "f".repeat(64);
const POD = "kubepods-burstable-pod0f3c8f9e_1a2b_4c3d_8e9f_001122334455.slice";

test("parseCgroup() takes the unified path, systemd's, or the first", () => {
  for (
    const [text, path] of [
      [readFixtureText("proc/cgroup_hybrid.txt"), "/"],
      ["0::/system.slice/a.service\n", "/system.slice/a.service"],
      ["2:cpu:/c\n1:name=systemd:/s\n0::/u\n", "/u"],
      ["2:cpu:/c\n1:name=systemd:/s\n0::/\n", "/s"],
      ["2:cpu:/c\n1:name=systemd:/s\n", "/s"],
      ["3:cpu,cpuacct:/c\n2:memory:/m\n", "/c"],
      ["0::/a:b\n", "/a:b"],
      ["0::/a.service (deleted)\n", "/a.service"],
      ["0::/../../x.scope\n", "/../../x.scope"],
      ["", null],
      ["nonsense\n:::\n0::relative\n", null],
    ] as const
  ) assert.equal(parseCgroup(text).path, path, JSON.stringify(text));
});

test("parseCgroup() names the innermost unit", () => {
  for (
    const [path, unit] of [
      ["/", null],
      ["/init.scope", "init.scope"],
      ["/system.slice/cron.service", "cron.service"],
      ["/system.slice/docker.service/delegated", "docker.service"],
      ["/user.slice/user-1000.slice/session-3.scope", "session-3.scope"],
      ["/user.slice/user-0.slice/user@0.service/app.slice/a\\x2db.service", "a\\x2db.service"],
      ["/system.slice", "system.slice"],
      ["/system.slice/_cpu.service", "cpu.service"],
      ["/system.slice/mnt.mount", "mnt.mount"],
      ["/docker/.scope", null],
    ] as const
  ) assert.equal(parseCgroup(`0::${path}\n`).unit, unit, path);
});

test("parseCgroup() names the innermost container", () => {
  for (
    const [path, container] of [
      [`/system.slice/docker-${ID}.scope`, ID],
      [`/system.slice/docker-${ID}.scope/init`, ID],
      [`/docker/${ID}`, ID],
      [`/docker/${OTHER}/docker/${ID}`, ID],
      [`/../docker-${ID}.scope`, ID],
      [`/machine.slice/libpod-${ID}.scope`, ID],
      [`/machine.slice/libpod-${ID}.scope/container`, ID],
      [`/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${ID}.scope`, ID],
      [`/machine.slice/libpod-conmon-${ID}.scope`, null],
      [`/libpod_parent/conmon-${ID}`, null],
      [`/libpod_parent/libpod-${ID}`, ID],
      [`/kubepods.slice/kubepods-burstable.slice/${POD}/crio-${ID}.scope`, ID],
      [`/kubepods.slice/kubepods-burstable.slice/${POD}/crio-conmon-${ID}.scope`, null],
      [`/kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${ID}.scope`, ID],
      [`/system.slice/containerd.service/${POD}:cri-containerd:${ID}`, ID],
      [`/kubepods/besteffort/pod0f3c8f9e-1a2b-4c3d-8e9f-001122334455/${ID}`, ID],
      [`/system.slice/docker-${ID.slice(1)}.scope`, null],
      [`/system.slice/docker-${ID}0.scope`, null],
      ["/lxc.payload.web/system.slice/cron.service", "web"],
      ["/lxc.monitor.web", null],
      ["/lxc/web/init.scope", "web"],
      ["/lxc", null],
      ["/machine.slice/machine-web\\x2dtest.scope/payload", "web-test"],
      ["/machine.slice/systemd-nspawn@web\\x2dtest.service/payload", "web-test"],
      ["/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", null],
      ["/system.slice/cron.service", null],
    ] as const
  ) assert.equal(parseCgroup(`0::${path}\n`).container, container, path);
});
