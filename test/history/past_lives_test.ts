import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { LivesQuery, PastLife } from "../../src/ask/store.ts";
import { History } from "../../src/history/history.ts";
import { HistoryStore } from "../../src/history/store.ts";
import { PastLineage } from "../../src/model/lineage.ts";
import { Breath } from "../../src/steps.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { account, exec, exit, fork, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { asVersion1 } from "../support/past_accounts.ts";

const S = 1e9;
const ALL: LivesQuery = {
  accepts: () => true,
  ofImage: null,
  sought: null,
  pids: null,
  lineage: null,
  job: null,
};

function open(path: string): HistoryStore {
  return new HistoryStore(new History(path), new Breath(new AbortController().signal));
}

async function livesOf(store: HistoryStore, query: Partial<LivesQuery> = {}): Promise<PastLife[]> {
  const found: PastLife[] = [];
  for await (const batch of store.lives(store.bounds.all(), { ...ALL, ...query })) {
    found.push(...batch);
  }
  return found.sort((a, b) => a.process.born - b.process.born);
}

/** A shell with many children, each with a command line of its own, below init. */
function many(count: number): TestRecorder {
  const past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 10, 1), exec(2 * S + 1, 10, "/bin/sh"));
  for (let at = 0; at < count; at++) {
    const [born, pid] = [3 * S + at * 1e7, 100 + at];
    past.tell(fork(born, pid, 10), exec(born + 1, pid, "/bin/cc1", `${at}.c`));
    past.tell(account(born + 1e6, pid, { cpuNs: at * 1000 }), exit(born + 1e6, pid, at % 2));
  }
  return past.flush().end();
}

test("of a member of a job only what lived in the stretch comes", async () => {
  using past = many(10);
  const db = new DatabaseSync(past.path);
  db.exec(`INSERT INTO job SELECT 1, 'build', 0, boot, 0, NULL, 10, 0, NULL, NULL FROM life LIMIT 1;
    INSERT INTO member SELECT 1, id, NULL, NULL FROM life WHERE pid >= 100`);
  db.close();
  const store = open(past.path);
  const [span] = store.bounds.all();
  const within = async (since: number, until: number) => {
    const pids: number[] = [];
    const spans = [{ boot: span!.boot, since, until }];
    for await (const batch of store.lives(spans, { ...ALL, job: 1 })) {
      pids.push(...batch.map(({ process }) => process.pid));
    }
    return pids.sort((a, b) => a - b);
  };
  assert.equal((await within(0, 10 * S)).length, 10);
  assert.deepEqual(await within(3 * S + 2e7 - 1e6, 3 * S + 4e7), [102, 103]);
  store.close();
});

test("each life comes once, with its parent and what it has cost", async () => {
  using past = many(2500);
  const store = open(past.path);
  const lives = await livesOf(store);
  assert.equal(lives.length, 2502);
  const [init, sh, ...children] = lives;
  assert.deepEqual([init!.parent, init!.account, sh!.parent], [null, null, init!.process.id]);
  children.forEach(({ process, parent, account, jobs }, at) => {
    assert.deepEqual(
      [process.pid, process.image.argv, process.status, parent, account!.cpuNs, jobs],
      [100 + at, ["/bin/cc1", `${at}.c`], at % 2, sh!.process.id, at * 1000, []],
    );
  });
  assert.equal(await store.ended(store.bounds.all()), 2500);
  store.close();
});

test("what an index finds is the same as what going through all finds", async () => {
  using past = many(300);
  const store = open(past.path);
  const isOdd = ({ status }: { readonly status: number | null }) => status === 1;
  const all = await livesOf(store, { accepts: isOdd });
  const ofImage: LivesQuery["ofImage"] = ({ image }) => image.comm === "cc1";
  const sought = { in: "name", literals: ["cc1"] } as const;
  const few = await livesOf(store, { accepts: isOdd, ofImage, sought });
  assert.deepEqual(few.map(({ process }) => process.id), all.map(({ process }) => process.id));
  assert.deepEqual(few.map(({ account }) => account), all.map(({ account }) => account));
  const lineage = new PastLineage([10]);
  const below = await livesOf(store, {
    pids: [10],
    lineage,
    accepts: (process) => lineage.has(process),
  });
  assert.equal(below.length, 301);
  store.close();
});

test("a file of the first version has no accounts", async () => {
  using past = many(3);
  const store = open(asVersion1(past));
  const lives = await livesOf(store);
  assert.deepEqual(lives.map(({ account }) => account), [null, null, null, null, null]);
  store.close();
});

test("an export tells how far it has come", async () => {
  using past = many(50);
  const store = open(past.path);
  const told: number[][] = [];
  const file = join(temporaryFolder("fh-lives-"), "export.db");
  const count = await store.exportTo(file, store.bounds.all(), (done, whole) => {
    told.push([done, whole]);
  });
  assert.deepEqual([count, told.at(-1)], [52, [52, 52]]);
  store.close();
});
