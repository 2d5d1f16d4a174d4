/** Jobs of hosts in a fleet: each once, with who was in it, as its host tells of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { JobAnswers } from "../../src/ask/jobs.ts";
import type { LivesQuery, PastStore } from "../../src/ask/store.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { prune } from "../../src/fleet/tables.ts";
import { History } from "../../src/history/history.ts";
import { PastLineage } from "../../src/model/lineage.ts";
import type { Process } from "../../src/model/process.ts";
import { Users } from "../../src/proc/passwd.ts";
import { Breath } from "../../src/steps.ts";
import { account, exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { JobRecorder } from "../support/job_recorder.ts";
import { PAST_BOOT, PAST_EPOCH } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const made = missing === null ? fleet.init("web1", "web2", "web3") : null;
const { signal } = new AbortController();
const users = new Users(() => "root:x:0:0::/root:/bin/sh", () => 0);
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };

/** A shell of which `count` children have ended, all of them in a job. */
function begun(count: number): JobRecorder {
  const recorder = new JobRecorder();
  recorder.tell(...scan(S, S, [INIT]), fork(2 * S, 50, 1), exec(2 * S + 1e6, 50, "/bin/sh"));
  recorder.flush().job("build", 50);
  for (let i = 0; i < count; i++) {
    const [at, pid] = [(3 + i) * S, 100 + i];
    recorder.tell(fork(at, pid, 50), exec(at + 1e6, pid, "/bin/true", String(i)));
    recorder.tell(account(at + 1e8, pid, { userUs: i, cpuNs: i * 1000 }));
    recorder.tell(exit(at + 1e8, pid, i % 3 === 0 ? 256 : 0));
  }
  return recorder;
}

async function open(hosts: string): Promise<FleetStore> {
  return await FleetStore.open({
    ...{ url: fleet.server.url("reader"), hosts, env: {}, signal },
    breath: new Breath(signal),
  });
}

/** Members as who asks again and again gets them. */
async function inPages(answers: JobAnswers, name: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let after: unknown = 0; after !== null;) {
    const { members, next } = await answers.members(name, Number(after), 4);
    found.push(...members as unknown[]);
    after = next;
  }
  return found;
}

/** Everything that is told of its jobs. */
async function told(store: PastStore, ...names: readonly string[]): Promise<unknown> {
  const answers = new JobAnswers(store, users, { uid: 0, privileged: true });
  const whole: unknown[] = [];
  const { jobs } = await answers.list(true, Number.MAX_SAFE_INTEGER, 1000);
  for (const name of names) {
    whole.push(await answers.show(name), await answers.running(name));
    whole.push((await answers.members(name, 0, 1000)).members);
    whole.push(await inPages(answers, name));
  }
  const costs = await store.jobCosts(store.bounds.all(), null);
  whole.push(jobs, costs.map(({ job: { name }, totals }) => [name, totals]));
  return JSON.parse(JSON.stringify(whole, (key, value) => key === "host" ? undefined : value));
}

async function compare(recorder: JobRecorder, host: string, ...names: string[]): Promise<void> {
  recorder.flush();
  const here = storeOf(new History(recorder.path));
  const there = await open(host);
  const expected = await told(here, ...names);
  assert.ok(JSON.stringify(expected).length > 500);
  assert.deepEqual(await told(there, ...names), expected);
  // A page of the web is asked of a connection of its own.
  const [name] = names;
  const again = await open(host);
  const answersOf = (store: PastStore) =>
    new JobAnswers(store, users, { uid: 0, privileged: true });
  const { members } = await answersOf(there).members(name!, 0, 1000) as { members: unknown[] };
  const rest = await answersOf(again).members(name!, 4, 1000);
  assert.deepEqual(rest["members"], members.slice(4));
  for (const store of [here, there, again]) store.close();
}

test(
  ...unless(missing, "a job is told as its host tells it, while it runs and at last"),
  async () => {
    await made;
    using recorder = begun(40);
    recorder.tell(fork(60 * S, 200, 50));
    recorder.flush();
    await fleet.ship(recorder.path, "web1");
    await compare(recorder, "web1", "build", "1");
    // Who is put into it by hand was shipped already; who is taken out lives on.
    const job = recorder.jobs.find("build", 0)!;
    recorder.tell(fork(61 * S, 300, 1), exec(61 * S, 300, "/bin/late")).flush();
    await fleet.ship(recorder.path, "web1");
    recorder.jobs.add(job, recorder.machine.get(300)!, 62 * S);
    recorder.jobs.remove(job, recorder.machine.get(200)!, 63 * S);
    recorder.job("other", 200);
    recorder.flush();
    await fleet.ship(recorder.path, "web1");
    await compare(recorder, "web1", "build", "other");
    for (const pid of [300, 50, 200]) recorder.tell(exit(70 * S, pid, 0));
    recorder.jobs.end(job, 71 * S);
    recorder.end();
    await fleet.ship(recorder.path, "web1");
    const here = storeOf(new History(recorder.path));
    const there = await open("web*");
    assert.deepEqual(await told(there, "build", "other"), await told(here, "build", "other"));
    here.close();
    there.close();
    const rows = "SELECT (SELECT count(*) FROM fh.job), (SELECT count(*) FROM fh.member)";
    assert.equal(fleet.server.ask(rows), "2|44");
    const later = (PAST_EPOCH.seconds + 7200) * 1000;
    await fleet.as("owner", (db) => prune(db, 3600_000, later));
    assert.equal(fleet.server.ask(rows), "0|0", "who has ended long ago is forgotten, job and all");
  },
);

test(...unless(missing, "a file that is made anew has no job twice"), async () => {
  await made;
  using recorder = begun(3);
  recorder.job("gone");
  recorder.flush();
  await fleet.ship(recorder.path, "web2");
  recorder.jobs.end(recorder.jobs.find("gone", 0)!, 10 * S);
  recorder.flush();
  const next = join(recorder.folder, "next.db");
  recorder.move(next);
  recorder.tell(fork(80 * S, 400, 50), exit(81 * S, 400, 0)).flush();
  await fleet.ship(next, "web2");
  const jobs = `SELECT j.number, j.name, j.until IS NULL, j.started FROM fh.job j
    JOIN fh.host h ON h.id = j.host WHERE h.name = 'web2' ORDER BY j.name`;
  assert.equal(fleet.server.ask(jobs), "1|build|t|5\n2|gone|f|0");
});

test(
  ...unless(missing, "what lived is read in pages, each once, with the names of jobs"),
  async () => {
    await made;
    using recorder = begun(60);
    recorder.end();
    await fleet.ship(recorder.path, "web3");
    const here = storeOf(new History(recorder.path));
    const there = await open("web3");
    const all = async (store: PastStore, given: Partial<LivesQuery>, since = 0, until = 1e15) => {
      const query = {
        ...{
          accepts: () => true,
          ofImage: null,
          sought: null,
          pids: null,
          lineage: null,
          job: null,
        },
        ...given,
      };
      const found: string[] = [];
      for await (const batch of store.lives(store.bounds.spans(since, until), query)) {
        for (const { process, parent, account, jobs } of batch) {
          const { id, image, status, durationNs } = process;
          found.push(JSON.stringify([id, image.argv, status, durationNs, parent, account, jobs]));
        }
      }
      assert.equal(new Set(found).size, found.length);
      assert.ok(found.length > 0);
      return found.sort();
    };
    const job = async (store: PastStore) => {
      for await (const { key } of store.jobs({ name: "build" })) return { job: key };
      throw new Error("no job");
    };
    assert.deepEqual(await all(there, {}), await all(here, {}));
    assert.deepEqual(await all(there, await job(there)), await all(here, await job(here)));
    const below = () => {
      const lineage = new PastLineage([50]);
      return { lineage, pids: [50], accepts: (process: Process) => lineage.has(process) };
    };
    assert.deepEqual(await all(there, below()), await all(here, below()));
    const [boot] = here.bounds.boots;
    const [since, until] = [boot!.moment(20 * S), boot!.moment(30 * S)];
    assert.deepEqual(await all(there, {}, since, until), await all(here, {}, since, until));
    assert.equal(
      await there.ended(there.bounds.spans(since, until)),
      await here.ended(here.bounds.spans(since, until)),
    );
    here.close();
    there.close();
  },
);

test(...unless(missing, "what a host makes up of its jobs harms nobody who asks"), async () => {
  await fleet.init("web4");
  using recorder = begun(1);
  recorder.end();
  await fleet.ship(recorder.path, "web4");
  const job = { boot_id: PAST_BOOT, owner: 0, since: 5, until: 6, started: 1, lost: 0 };
  const long = JSON.stringify(new Array(50_000).fill(["x".repeat(50), 0]));
  const totals = ["null", '{"a": 1}', '[null, 7, [], [{}, "a", null], ["\\u001b[2J", 0, 3]]', long];
  const jobs = totals.map((text, at) => {
    const name = `made up \u001b${"n".repeat(5000)}`;
    return { ...job, number: 100 + at, name, totals: JSON.parse(text) };
  });
  const machine = fleet.server.ask("SELECT machine FROM fh.host WHERE role = 'web4'");
  await fleet.as("web4", async (db) => {
    const facts = { machine, gone: [], renumbered: [], jobs, members: [] };
    await db.rows("SELECT fh.put_jobs($1)", [JSON.stringify(facts)]);
    const other = { ...facts, machine: fleet.server.ask("SELECT min(machine::text) FROM fh.host") };
    if (other.machine !== machine) {
      await assert.rejects(
        db.rows("SELECT fh.put_jobs($1)", [JSON.stringify(other)]),
        /not known to the fleet/,
      );
    }
    await assert.rejects(db.rows("SELECT * FROM fh.job"), /refuses/);
  });
  const store = await open("web4");
  const answers = new JobAnswers(store, users, { uid: 0, privileged: true });
  const { jobs: told } = await answers.list(true, Number.MAX_SAFE_INTEGER, 1000);
  const names = told as { job: number; name: string; processes: number }[];
  assert.equal(names.length, 5);
  assert.ok(names.every(({ name }) => name.length <= 1000));
  assert.equal(names.find(({ job }) => job === 102)!.processes, 3);
  store.close();
});
