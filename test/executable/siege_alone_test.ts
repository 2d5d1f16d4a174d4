/** What one user does over the socket harms nobody else: root is answered, and loses nothing. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Besieged, NOBODY } from "../support/crowd.ts";
import { connectorMissing } from "../support/observe.ts";
import { programsMissing } from "../support/programs.ts";
import { ask, Subscription } from "../support/server.ts";
import { unless } from "../support/unless.ts";

/** Far more than the second that is promised, and less than these attacks once took. */
const LATE_MS = 5000;
/** Of the 512 MiB of the unit. */
const PEAK_MIB = 320;

// deno-lint-ignore no-explicit-any
type Line = any;

const missing = programsMissing ?? connectorMissing ??
  (process.geteuid?.() === 0 ? null : "needs root to become nobody");

/** Patterns whose automata have more states than anybody keeps. */
const costly = (n: number) => [
  `(a|b)*a(a|b){${150 + n % 40}}c${n}`,
  `(.*a.{190}b${n})$`,
  `.*b.{180}c${n}$`,
];
const request = (op: string, params: object = {}) => `${JSON.stringify({ op, ...params })}\n`;

function assertUnharmed(it: Besieged): void {
  assert.ok(it.longestMs < LATE_MS, `root has waited for ${it.longestMs} ms`);
  assert.ok(it.peakMib < PEAK_MIB, `${it.peakMib} MiB`);
}

test(
  ...unless(missing, "64 registrations make nobody wait for forks, and root is told each"),
  async () => {
    await using it = await Besieged.start();
    const filter = { event: ["fork"], user: [NOBODY] };
    const root = await Subscription.open(it.folder.socket, { filter });
    const lines = [request("register", { sig: 40 })];
    await using crowd = await it.crowd(lines, 64, "-p", "-f", "8000");
    await root.until("forks", (events) => events.length > 8000);
    // It took more than one millisecond for each.
    assert.ok(it.cpuSeconds < 4, `${it.cpuSeconds} s for 8000 forks`);
    assert.deepEqual(root.events.filter(({ event }: Line) => event === "gap"), []);
    assert.match(crowd.stdout, /^sent 64$/m);
    assert.equal((await ask(it.folder.socket, "status")).listeners, 64);
    assertUnharmed(it);
    await root.close();
  },
);

test(
  ...unless(missing, "costly rules take no more than their owner's share, also after a restart"),
  async () => {
    await using it = await Besieged.start();
    const lines = Array.from({ length: 64 }, (_, n) => {
      return request("rule_add", { job: `j${n}`, filter: { match: costly(n) } });
    });
    await using crowd = await it.crowd(lines, 64, "-x", "200", "-a", "4000");
    const rules = async () => (await ask(it.folder.socket, "rule_list")).rules;
    // They are added as their user's share of the time allows.
    for (let few = 0; few < 8;) few = (await rules()).length;
    assertUnharmed(it);
    // The crowd's own execs were held against those that were there, as far as there was time.
    await using again = await it.crowd(["{}\n"], 1, "-x", "200", "-a", "4000");
    const skipped = (await rules()).map((rule: Line) => rule.skipped);
    assert.ok(skipped.some((count: number) => count > 0), `skipped ${skipped}`);
    const began = performance.now();
    await it.begin();
    assert.ok((await rules()).length >= 8);
    assert.ok(performance.now() - began < 2 * LATE_MS, "it is there again");
    assertUnharmed(it);
    void [crowd, again];
  },
);

test(
  ...unless(missing, "a hundred costly subscriptions lose events, nobody else does"),
  async () => {
    await using it = await Besieged.start();
    const filter = { event: ["exec"], user: [NOBODY] };
    const root = await Subscription.open(it.folder.socket, { filter });
    const lines = Array.from({ length: 100 }, (_, n) => {
      return request("subscribe", { filter: { match: costly(n) } });
    });
    await using crowd = await it.crowd(lines, 100, "-x", "300", "-a", "4000");
    await root.until("execs", (events) => events.length > 300); // The source comes first.
    assert.deepEqual(root.events.filter(({ event }: Line) => event === "gap"), []);
    assertUnharmed(it);
    void crowd;
    await root.close();
  },
);

test(
  ...unless(missing, "patterns that expand to gigabytes are refused before they are compiled"),
  async () => {
    await using it = await Besieged.start();
    const match = Array.from({ length: 60 }, (_, n) => `(?:${"abc".repeat(310)}){200}${n}`);
    await using crowd = await it.crowd([request("subscribe", { filter: { match } })], 1);
    assertUnharmed(it);
    void crowd;
  },
);

test(
  ...unless(
    missing,
    "readers that do not read, and requests without an end, take a bounded memory",
  ),
  async () => {
    await using it = await Besieged.start();
    const lines = Array.from({ length: 400 }, (_, n) => {
      return request("subscribe", { snapshot: true, filter: { match: [`a|b|${n}`] } });
    });
    await using readers = await it.crowd(lines, 250, "-x", "400", "-a", "60000");
    await using endless = await it.crowd([`{"op":"hello","id":"${"x".repeat(65_000)}`], 200);
    await using asking = await it.crowd([request("tree")], 100);
    assertUnharmed(it);
    // All of that user's are one share: others, and root, still connect.
    assert.equal((await ask(it.folder.socket, "status")).lost, 0);
    void [readers, endless, asking];
  },
);
