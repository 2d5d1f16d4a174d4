/** docs/history-schema.md, held against files and against what fh itself says of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { History } from "../../src/history/history.ts";
import type { Life } from "../../src/history/life.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { decodeText } from "../../src/model/image.ts";
import { exitStatus } from "../../src/model/process.ts";
import { finish } from "../../src/steps.ts";
import { account, exec, exit, fork, type Found, scan } from "../support/events.ts";
import { PAST_BOOT, PAST_EPOCH, TestRecorder } from "../support/past.ts";

const S = 1e9;
const DOCS = readFileSync(new URL("../../docs/history-schema.md", import.meta.url), "utf8");
const COST = {
  cpuNs: 5_000_000,
  userUs: 3000,
  systemUs: 1000,
  minorFaults: 11,
  majorFaults: 2,
  peakKib: 300,
  readBytes: 4096,
  writeBytes: 512,
  voluntarySwitches: 6,
  involuntarySwitches: 4,
};

const LIVING: readonly Found[] = [
  { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
  { pid: 100, ppid: 1, start: 5e8, argv: ["/usr/sbin/cron", "-f"] },
];

/** Names of the columns in the first cells of a table of the document. */
function documented(heading: string): string[] {
  const section = DOCS.slice(DOCS.indexOf(heading));
  const table = /^\| column \|.*\n\|-.*\n((?:\|.*\n)+)/m.exec(section)![1]!;
  return table.trimEnd().split("\n").flatMap((line) => {
    return [...line.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  });
}

/** Lives of all kinds: found, failed, killed, orphaned, twice in a tick, in the middle, unseen. */
function story(): TestRecorder {
  const past = new TestRecorder();
  const long = `/bin/long ${"x".repeat(100)}`;
  past.tell(
    ...scan(S, S, LIVING),
    fork(60.005 * S, 200, 100),
    exec(60.006 * S, 200, "/bin/sh", "-c", long),
    fork(60.1 * S, 201, 200),
    account(60.2 * S, 200, COST),
    exit(60.2 * S, 200, 0x300),
    exit(61 * S, 201, 0x8b),
    // The same pid again, and again within the tick.
    fork(70.001 * S, 300, 100),
    exit(70.002 * S, 300, 0),
    fork(70.003 * S, 300, 100),
    exit(70.004 * S, 300, 9),
    // Nobody has seen it begin.
    exec(71 * S, 400, "/bin/found"),
    exit(72 * S, 400, 0),
    fork(80 * S, 500, 100),
    fork(81 * S, 600, 100),
    exit(82 * S, 600, 0),
  );
  past.flush();
  // The clock is set forward by a minute.
  past.tell(fork(90 * S, 700, 100)).flush({ ...PAST_EPOCH, seconds: PAST_EPOCH.seconds + 60 });
  past.tell(exit(95 * S, 700, 0x100)).end();
  // 500 ends while nobody records.
  const again = new TestRecorder(past.path, { since: 100 * S });
  again.tell(...scan(100 * S, 101 * S, LIVING)).end();
  return past;
}

/** Columns of the view as fh itself has them of a life. */
function told(history: History, life: Life): Record<string, unknown> {
  finish(history.lives.linkUp([life]));
  const { image, flags, boot, start, end } = life;
  const cost = history.accountOf(life);
  const { code, signal } = exitStatus(life.status);
  const text = (part: "exe" | "cwd" | "cgroup") => {
    return image.parts[part] === null ? null : decodeText(image.parts[part]);
  };
  const epochNs = (ns: number | null) => ns === null ? null : Math.round(boot.moment(ns) * 1e6);
  return {
    life: life.key,
    id: life.id,
    pid: life.pid,
    ppid: life.ppid,
    parent_life: life.parentKey,
    reaper: life.reaper,
    uid: life.uid,
    comm: image.comm,
    exe: text("exe"),
    argv: image.argv === null ? null : JSON.stringify(image.argv),
    cwd: text("cwd"),
    cgroup: text("cgroup"),
    started_ns: epochNs(start),
    ended_ns: epochNs(end),
    started_boot_ns: start,
    ended_boot_ns: end,
    duration_ns: (flags & 1) === 0 ? life.durationNs : null,
    state: life.state,
    exit_code: code,
    signal,
    user_ns: cost === null ? null : Math.round(cost.userNs),
    system_ns: cost === null ? null : Math.round(cost.systemNs),
    minor_faults: cost?.minorFaults ?? null,
    major_faults: cost?.majorFaults ?? null,
    peak_bytes: cost?.peakBytes ?? null,
    read_bytes: cost?.readBytes ?? null,
    write_bytes: cost?.writeBytes ?? null,
    voluntary_switches: cost?.voluntarySwitches ?? null,
    involuntary_switches: cost?.involuntarySwitches ?? null,
    argv_missing: image.argvMore === 0 ? null : image.argvMore,
  };
}

/** Whether a value of the view is the one expected; moments are exact to a microsecond. */
function same(name: string, found: unknown, expected: unknown): boolean {
  if (!/^(?:started|ended)_ns$/.test(name) || found === null) return found === expected;
  return Math.abs(Number(found) - Number(expected)) < 2000;
}

test("each documented column of the view says what fh says", () => {
  using past = story();
  const history = new History(past.path);
  const names = documented("the view `process`");
  const columns = names.map((name) => `CAST(${name} AS TEXT) AS ${name}`).join(", ");
  const rows = history.db.prepare(`SELECT ${columns} FROM process ORDER BY process.life`).all();
  const keys = history.db.prepare("SELECT id FROM life ORDER BY id").all();
  assert.deepEqual([rows.length, keys.length], [10, 10]);
  const kinds = new Map(names.map((name) => [name, new Set()]));
  keys.forEach(({ id }, i) => {
    const expected = told(history, history.lives.get(Number(id))!);
    assert.deepEqual(names.toSorted(), Object.keys(expected).toSorted());
    for (const name of names) {
      const value = expected[name] === null ? null : String(expected[name]);
      const found = rows[i]![name] as string | null;
      assert.ok(same(name, found, value), `${name} of ${i}: ${found} instead of ${value}`);
      kinds.get(name)!.add(found);
    }
  });
  history.close();
  assert.equal(kinds.get("id")!.size, 10, "ids are those of single processes");
  const boot = PAST_BOOT.slice(0, 8);
  for (const id of ["200-6000", "300-7000", "300-7000.2", "400-~7100"]) {
    assert.ok(kinds.get("id")!.has(`${boot}-${id}`), id);
  }
  assert.deepEqual(kinds.get("state"), new Set(["running", "exited", "unknown"]));
  for (const [name, values] of kinds) {
    // All run as the same user, in one group; none had a command line that was cut.
    const single = ["uid", "cwd", "cgroup", "reaper", "argv_missing"].includes(name);
    assert.ok(single || values.size > 1, `${name} says something`);
  }
});

test("the document names each column of each table and of the view, and no others", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  const columnsOf = (name: string) => {
    return db.prepare(`SELECT name FROM pragma_table_info('${name}')`).all()
      .map(({ name }) => String(name));
  };
  assert.deepEqual(columnsOf("process").toSorted(), documented("the view `process`").toSorted());
  // Its number stands for itself.
  const life = ["id", ...documented("### life, former")];
  assert.deepEqual(columnsOf("life").toSorted(), life.toSorted());
  const sums = new Set(["job_total", "hour_sum"]);
  const tables = DOCS.slice(DOCS.indexOf("## The tables"));
  for (const { name: table } of db.prepare("PRAGMA table_list").all()) {
    if (/^(?:sqlite_|process$|life$)/.test(String(table))) continue;
    const heading = new RegExp(`^### .*\\b${table}\\b.*\\n([^]*?)(?=^##)`, "m");
    const section = heading.exec(tables)?.[1] ?? "";
    // Sums have the names of what they are sums of.
    const said = ["id", ...sums.has(String(table)) ? [...life, ...columnsOf("job_total")] : []];
    const names = columnsOf(String(table)).filter((name) => !said.includes(name));
    for (const name of names) assert.match(section, new RegExp(`\`${name}\``), `${table}.${name}`);
  }
  db.close();
});

test("the questions of the document can be asked", () => {
  using past = story();
  const db = new DatabaseSync(past.path, { readOnly: true });
  const questions = [...DOCS.matchAll(/^sqlite3 (?:-box )?\$db "([^"]+)"/gm)].map(([, sql]) =>
    sql!
  );
  assert.ok(questions.length >= 8, String(questions.length));
  for (const sql of questions) db.prepare(sql).all();
  db.close();
});
