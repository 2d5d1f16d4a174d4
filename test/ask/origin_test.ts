import assert from "node:assert/strict";
import { test } from "node:test";
import { originOf } from "../../src/ask/origin.ts";
import { Image } from "../../src/model/image.ts";
import { Process } from "../../src/model/process.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A process by the name it has, its control group and variables. */
function one(comm: string, cgroup: string | null = null, env: string | null = null): Process {
  const process = new Process(comm === "init" ? 1 : 1000, 0, 0);
  process.image = new Image({
    argv: encode(`${comm}\0`),
    exe: null,
    cwd: null,
    cgroup: cgroup === null ? null : encode(`0::${cgroup}\n`),
    comm: encode(comm),
    env: env === null ? null : encode(env),
  });
  return process;
}

/** The same of a user, or a thread of the kernel, or linked to what follows it. */
function as(process: Process, parts: Partial<Process>): Process {
  return Object.assign(process, parts);
}

/** A daemon that its first process, of the same program, has left behind. */
function leftBehind(comm: string, unit: string | null): [Process, Process] {
  const first = as(one(comm, unit), { start: 0, end: 5e6 });
  return [as(one(comm, unit), { start: 1e6, parent: first }), first];
}

const INIT = one("init");
const USER = 1000;
const KTHREADD = as(one("kthreadd", "/"), { pid: 2, ppid: 0, kernel: true } as Partial<Process>);
const KWORKER = as(one("kworker/u4:1", "/"), { kernel: true });
const SESSION = "/user.slice/user-1000.slice/session-7.scope";
const DOCKER = `/system.slice/docker-${"ab".repeat(32)}.scope`;

const TABLE: readonly (readonly [string, readonly Process[], string])[] = [
  [
    "cron",
    [one("sh", "/system.slice/cron.service"), one("cron"), INIT],
    "a cron job, in the systemd unit cron.service",
  ],
  ["at", [one("sh"), one("atd"), INIT], "an at job"],
  [
    "ssh",
    [one("vi", SESSION, "SSH_CONNECTION=192.0.2.7 50312 192.0.2.1 22\0"), one("sshd"), INIT],
    "an ssh session from 192.0.2.7, login session 7",
  ],
  ["ssh", [one("vi"), one("sshd-session"), INIT], "an ssh session"],
  ["ssh", [one("vi", null, "SSH_CONNECTION=\x1b[2J\0"), one("sshd"), INIT], "an ssh session"],
  [
    "timer",
    [one("fstrim", "/system.slice/fstrim.service", "TRIGGER_UNIT=fstrim.timer\0"), INIT],
    "the systemd timer fstrim.timer, in the systemd unit fstrim.service",
  ],
  [
    "container",
    [one("nginx", DOCKER), one("containerd-shim"), INIT],
    `the container ${"ab".repeat(32)}`,
  ],
  [
    "cron",
    [one("job", DOCKER), one("crond"), INIT],
    `a cron job, in the container abababababab, in the systemd unit docker-${
      "ab".repeat(32)
    }.scope`,
  ],
  ["login", [one("bash", SESSION), one("login"), INIT], "a login on this host, login session 7"],
  ["login", [one("gedit", SESSION), one("gnome-shell"), INIT], "login session 7"],
  ["terminal", [one("vi"), one("tmux: server"), INIT], "a terminal, inside tmux: server"],
  ["unit", [one("nginx", "/system.slice/nginx.service"), INIT], "the systemd unit nginx.service"],
  ["boot", [INIT], "the kernel, at boot"],
  ...["sshd", "sshd-session", "cron", "crond", "atd", "agetty", "login", "dropbear"].map((
    comm,
  ) => [
    "unit",
    [one(comm, `/system.slice/${comm}.service`), INIT],
    `the systemd unit ${comm}.service`,
  ]) as [string, Process[], string][],
  ["boot", [one("sshd"), INIT], "init, the first process"],
  ["boot", [one("tmux: server"), INIT], "init, the first process"],
  ["ssh", [one("sshd-session"), one("sshd"), INIT], "an ssh session"],
  ["cron", [one("cron"), one("cron"), INIT], "a cron job"],
  ["boot", [...leftBehind("cron", null), INIT], "init, the first process"],
  [
    "unit",
    [...leftBehind("sshd", "/system.slice/ssh.service"), INIT],
    "the systemd unit ssh.service",
  ],
  ["cron", [one("sh"), ...leftBehind("cron", null), INIT], "a cron job"],
  ["boot", [one("sh"), as(one("cron"), { uid: USER }), INIT], "init, the first process"],
  [
    "ssh",
    [one("sh"), as(one("cron"), { uid: USER }), as(one("sshd"), { uid: USER }), one("sshd"), INIT],
    "an ssh session",
  ],
  ["login", [one("x", SESSION), as(one("atd"), { uid: USER }), INIT], "login session 7"],
  ["kernel", [KWORKER, KTHREADD], "the kernel: it is one of its threads"],
  ["kernel", [KTHREADD], "the kernel: it is one of its threads"],
  ["kernel", [one("request-key", "/"), KWORKER, KTHREADD], "the kernel started it"],
  ["kernel", [one("agent", "/"), KTHREADD], "the kernel started it"],
  ["kernel", [one("sh"), one("modprobe"), KWORKER, KTHREADD], "the kernel started modprobe (1000)"],
  [
    "unknown",
    [as(one("sh"), { pid: 2, ppid: 0 } as Partial<Process>)],
    "not known: nobody saw what started the last of these",
  ],
  ["boot", [one("getty"), INIT], "init, the first process"],
  ["unknown", [one("orphan")], "not known: nobody saw what started the last of these"],
];

test("originOf() finds the nearest ancestor that starts things for a reason", () => {
  for (const [kind, chain, text] of TABLE) {
    const origin = originOf(chain);
    assert.deepEqual([origin.kind, origin.text], [kind, text]);
  }
});

test("originOf() has the parts, for scripts", () => {
  const { address, session, unit, timer, container } = originOf(TABLE[2]![1]);
  assert.deepEqual([address, session, unit], ["192.0.2.7", "7", "session-7.scope"]);
  assert.deepEqual([timer, container], [null, null]);
});
