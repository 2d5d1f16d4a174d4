import assert from "node:assert/strict";
import { test } from "node:test";
import { Finding, type FindingKind } from "../../src/detect/finding.ts";
import { encodeImage, Image, NO_IMAGE } from "../../src/model/image.ts";
import { Machine } from "../../src/model/machine.ts";
import { Process } from "../../src/model/process.ts";
import { RecordedMetrics, type RecorderParts } from "../../src/recorder/metrics.ts";
import type { World } from "../../src/recorder/world.ts";
import { account, BOOT, exit, fork, scan } from "../support/events.ts";

const S = 1e9;
const NAMES = new Map([[0, "root"], [1000, "me"], [1001, "other"]]);
const WORLD = { users: { name: (uid: number) => NAMES.get(uid) ?? null } } as unknown as World;

/** Metrics of a recorder that has what is given, and the machine that tells it. */
function open(parts: Partial<RecorderParts> = {}) {
  const machine = new Machine({
    boot: BOOT,
    onChange: (change) => metrics.note(change),
    onAccount: (process) => metrics.noteAccount(process),
  });
  const session = { info: { source: "connector" }, machine } as unknown as RecorderParts["session"];
  const metrics = new RecordedMetrics(WORLD, {
    session,
    file: null,
    server: null,
    trouble: null,
    ...parts,
  });
  return { metrics, machine };
}

/** A finding about a process of that name. */
function finding(kind: FindingKind, name: string, uid: number | null, key = `${kind}-1`): Finding {
  const process = new Process(7, 0, 0);
  const comm = new TextEncoder().encode(name);
  process.image = Image.decode(encodeImage({ ...NO_IMAGE.parts, comm }));
  process.uid = uid;
  return new Finding(kind, key, process, 0);
}

function withFindings(...open: readonly Finding[]): Partial<RecorderParts> {
  return { trouble: { open } as unknown as RecorderParts["trouble"] };
}

test("living processes are counted without threads of the kernel and the dead", () => {
  const { metrics, machine } = open();
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  const kthread = { pid: 2, ppid: 0, start: 0, argv: ["kthreadd"], kernel: true };
  for (const event of scan(S, S, [init, kthread])) machine.step(event);
  for (const event of [fork(2 * S, 5, 1), fork(2 * S, 6, 1), exit(3 * S, 6, 0)]) {
    machine.step(event);
  }
  machine.step(account(3 * S, 6, { cpuNs: S / 2 }));
  const text = metrics.text("prometheus");
  assert.match(text, /^fh_living_processes 2$/m);
  assert.match(text, /^fh_user_cpu_seconds_total\{user="root"\} 0\.5$/m);
  assert.match(text, /^process_resident_memory_bytes \d{7,}$/m);
  assert.doesNotMatch(text, /fh_open_findings|fh_history|fh_socket/);
});

test("who asks again at once gets the same, in each format", () => {
  const { metrics, machine } = open();
  const before = metrics.text("prometheus");
  machine.step(fork(S, 5, 1));
  assert.equal(metrics.text("prometheus"), before);
  assert.match(metrics.text("openmetrics"), /^fh_forks_total 0$/m);
});

test("findings are told by kind, and one by one with their names escaped", () => {
  const { metrics } = open(withFindings(
    finding("crash-loop", 'x"} 1\nfh_up 0', 1000),
    finding("crash-loop", "\x1b[2J\\", null, "crash-loop-2"),
    finding("oom-kill", "hog", 4711),
  ));
  const text = metrics.text("prometheus");
  assert.match(text, /^fh_open_findings\{kind="crash-loop"\} 2$/m);
  assert.match(text, /^fh_open_findings\{kind="fork-storm"\} 0$/m);
  const told = text.split("\n").filter((line) => line.startsWith("fh_finding_info"));
  const of = (kind: string, key: string, name: string, user: string) =>
    `fh_finding_info{kind="${kind}",key="${key}",name="${name}",user="${user}",unit=""} 1`;
  assert.deepEqual(told, [
    of("oom-kill", "oom-kill-1", "hog", "4711"),
    of("crash-loop", "crash-loop-1", 'x\\"} 1\\\\nfh_up 0', "me"),
    of("crash-loop", "crash-loop-2", "\\\\x1b[2J\\\\", "?"),
  ]);
  assert.equal(text.match(/^fh_up /gm)!.length, 1);
});

test("of very many findings the worst are told", () => {
  const many = Array.from({ length: 300 }, (_, n) => finding("killed", "a", 0, `killed-${n}`));
  const { metrics } = open(withFindings(...many, finding("oom-kill", "hog", 0)));
  const text = metrics.text("prometheus");
  assert.equal(text.match(/^fh_finding_info/gm)!.length, 50);
  assert.match(text, /^fh_finding_info\{kind="oom-kill"/m);
  assert.match(text, /^fh_open_findings\{kind="killed"\} 300$/m);
});

test("over the socket others than the privileged are told totals and what is their own", () => {
  const { metrics, machine } = open(withFindings(finding("crash-loop", "secret", 0)));
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  for (const event of scan(S, S, [init])) machine.step(event);
  machine.step(fork(2 * S, 5, 1));
  const ask = (uid: number, privileged: boolean) => {
    const peer = { client: 1, pid: 1, uid, privileged, startTicks: null };
    const request = { op: "metrics", id: undefined, params: {} };
    const { fields } = metrics.operations["metrics"]!(peer, request);
    const { families } = fields as { families: { name: string; samples: unknown[] }[] };
    return new Map(families.map(({ name, samples }) => [name, samples]));
  };
  const all = ask(0, true);
  assert.equal(all.get("fh_finding_info")!.length, 1);
  assert.ok(all.get("fh_unit_started_processes_total")!.length > 1);
  for (const [uid, own] of [[0, 1], [1000, 0], [1001, 0], [4711, 0]] as const) {
    const seen = ask(uid, false);
    assert.ok(!seen.has("fh_finding_info") && !seen.has("fh_unit_started_processes_total"));
    assert.equal(seen.get("fh_user_started_processes_total")!.length, own);
    assert.deepEqual(seen.get("fh_forks_total"), [{ labels: {}, value: 1 }]);
  }
  const peer = { client: 1, pid: 1, uid: 0, privileged: true, startTicks: null };
  const bad = { op: "metrics", id: undefined, params: { format: 1 } };
  assert.throws(() => metrics.operations["metrics"]!(peer, bad), /Unknown parameter/);
});
