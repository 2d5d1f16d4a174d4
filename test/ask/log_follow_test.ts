/** What is new since the last look: of each boot from where it was shown, and each change once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Followed, Seam } from "../../src/ask/log_follow.ts";
import type { PastBoot } from "../../src/model/boot.ts";
import { Bounds } from "../../src/model/bounds.ts";
import { Change } from "../../src/model/machine.ts";

const S = 1e9;

function bootOf(host: string | null, bootId: string, id: number, end: number): PastBoot {
  return {
    ...{ host, bootId, id, end, since: 0, until: end, nsOf: (moment: number) => moment * 1e6 },
  } as PastBoot;
}

const boundsOf = (...boots: PastBoot[]) => new Bounds(boots, () => 0);
const shown = (followed: Followed, bounds: Bounds, moment: number | null = null) =>
  followed.news(bounds, moment).map(({ boot, since, until }) => [boot.host, since / S, until / S]);

test("each boot goes on from where it was shown, whoever is behind", () => {
  const [web1, web2] = [bootOf("web1", "a", 1, 100 * S), bootOf("web2", "a", 2, 10 * S)];
  const followed = new Followed(boundsOf(web1, web2), [{ boot: web1, since: 0, until: 90 * S }], 0);
  const later = boundsOf(bootOf("web1", "a", 1, 101 * S), bootOf("web2", "a", 2, 10 * S));
  assert.deepEqual(shown(followed, later), [["web1", 88, 101]]);
  assert.deepEqual(shown(followed, later), [], "it counts as shown");
  const last = boundsOf(bootOf("web1", "a", 1, 101 * S), bootOf("web2", "a", 2, 12 * S));
  assert.deepEqual(shown(followed, last), [["web2", 8, 12]]);
});

test("a boot that is new is shown from its beginning, one that is older is not", () => {
  const followed = new Followed(boundsOf(bootOf(null, "b", 2, 5 * S)), [], null);
  const bounds = boundsOf(
    bootOf(null, "a", 1, 50 * S),
    bootOf(null, "b", 2, 5 * S),
    bootOf(null, "c", 3, 7 * S),
  );
  assert.deepEqual(shown(followed, bounds), [[null, 0, 7]]);
  const again = boundsOf(...bounds.boots.slice(0, 2), bootOf(null, "c", 3, 20 * S));
  assert.deepEqual(shown(followed, again, 10_000), [[null, 10, 20]], "from that moment on");
});

test("a change is new once, on each host", async () => {
  const seam = new Seam();
  const change = new Change();
  change.kind = "gap";
  change.time = 3 * S;
  const [web1, web2] = [bootOf("web1", "a", 1, S), bootOf("web2", "a", 2, S)];
  assert.equal(seam.isNew(change, web1), true);
  assert.equal(seam.isNew(change, web1), false);
  assert.equal(seam.isNew(change, web2), true);
  async function* changes() {
    yield [change, web1] as const;
    const later = Object.assign(new Change(), change, { time: 60 * S });
    yield [later, web1] as const;
  }
  const told: number[] = [];
  for await (const [{ time }] of seam.onlyNew(changes())) told.push(time);
  assert.deepEqual(told, [60 * S]);
  assert.equal(seam.isNew(change, web1), true, "what is long ago is forgotten");
});
