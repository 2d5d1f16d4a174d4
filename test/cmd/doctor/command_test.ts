import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { doctorCommand, doctorWith } from "../../../src/cmd/doctor/command.ts";
import type { Facts } from "../../../src/source/probe/probe.ts";
import { displayWidth } from "../../../src/text/escape.ts";
import { CONTAINER_FACTS, NOBODY_FACTS, ROOT_FACTS } from "../../support/doctor_facts.ts";
import { fakeContext } from "../../support/fake_output.ts";

const HOSTS = { root: ROOT_FACTS, nobody: NOBODY_FACTS, container: CONTAINER_FACTS };

async function doctor(facts: Facts, options: Record<string, unknown> = {}, columns = 80) {
  const context = fakeContext({ procRoot: "/p" });
  context.stdout.columns = columns;
  const asked: string[] = [];
  const command = doctorWith({
    gather: (...args) => {
      asked.push(...args);
      return Promise.resolve(facts);
    },
    next: () => Promise.resolve({ command: "fh watch", does: "what is started" }),
  });
  const status = await command.run(context, [], { source: "auto", color: "auto", ...options });
  return { status, asked, context, text: context.stdout.text, lines: context.stdout.lines };
}

function golden(name: string): string {
  return readFileSync(new URL(`../../fixtures/doctor/${name}`, import.meta.url), "utf8");
}

for (const [name, facts] of Object.entries(HOSTS)) {
  test(`fh doctor shows the host of ${name}.golden`, async () => {
    const { text } = await doctor(facts);
    assert.equal(text, golden(`${name}.golden`));
  });
}

test("fh doctor paints the states where colour is wanted", async () => {
  const painted = (word: string, code: number) => `\x1b[${code}m${word.padEnd(7)}\x1b[0m`;
  const { text, lines } = await doctor(CONTAINER_FACTS, { color: "always" });
  assert.ok(lines[0]!.includes(painted("limited", 33)), lines[0]);
  assert.ok(text.includes(painted("missing", 31)), text);
  assert.ok((await doctor(ROOT_FACTS, { color: "always" })).text.includes(painted("ok", 32)));
  const plain = text.split("\x1b").map((part) => part.replace(/^\[\d+m/, "")).join("");
  assert.equal(plain, golden("container.golden"));
});

test("fh doctor --json gives one object, with what decided", async () => {
  const { text } = await doctor(NOBODY_FACTS, { json: true });
  assert.equal(text.indexOf("\n"), text.length - 1);
  const report = JSON.parse(text);
  assert.deepEqual(Object.keys(report), ["source", "why", "complete", "rows", "next"]);
  assert.deepEqual([report.source, report.complete], ["connector", false]);
  assert.equal(report.why, NOBODY_FACTS.choice.why);
  assert.deepEqual(report.rows[5], {
    name: "connector",
    state: "ok",
    found: "It answers, and reports every event",
    advice: null,
  });
});

test("fh doctor ends with 0 only where fh watch would see everything", async () => {
  assert.equal((await doctor(ROOT_FACTS)).status, 0);
  assert.equal((await doctor(ROOT_FACTS, { json: true })).status, 0);
  assert.equal((await doctor(NOBODY_FACTS)).status, 1);
  assert.equal((await doctor(CONTAINER_FACTS, { json: true })).status, 1);
  const taskstats = { kind: "refused", errno: 1 } as const;
  assert.equal((await doctor({ ...ROOT_FACTS, taskstats })).status, 0);
});

test("fh doctor tells when no source can be had", async () => {
  const choice = { source: null, why: "the connector is not there" };
  const facts: Facts = { ...ROOT_FACTS, choice };
  const { status, lines } = await doctor(facts);
  assert.equal(status, 1);
  assert.ok(lines.includes("fh watch does not work: the connector is not there"));
  const report = JSON.parse((await doctor(facts, { json: true })).text);
  assert.deepEqual([report.source, report.complete], [null, false]);
});

test("fh doctor asks about the /proc and the source that it was given", async () => {
  assert.deepEqual((await doctor(ROOT_FACTS, { source: "poll" })).asked, ["/p", "poll"]);
});

test("fh doctor fits the width, and narrow terminals as far as words do", async () => {
  for (const facts of Object.values(HOSTS)) {
    for (const columns of [70, 80, 200]) {
      const { lines } = await doctor(facts, {}, columns);
      for (const line of lines) assert.ok(displayWidth(line) <= columns, line);
    }
    assert.ok((await doctor(facts, {}, 1)).lines.length > 0);
  }
});

test("fh doctor escapes what a terminal would act on", async () => {
  const { text } = await doctor({ ...ROOT_FACTS, release: "6.18\x1b[2J\n\u202e" });
  assert.match(text, /Linux 6\.18\\x1b\[2J\\n\\u202e\n/);
});

test("fh doctor on this host has a row for each fact", async () => {
  const context = fakeContext();
  const options = { source: "auto", color: "auto", json: true };
  const status = await doctorCommand.run(context, [], options);
  const report = JSON.parse(context.stdout.text);
  assert.equal(report.rows.length, 15);
  assert.equal(status, report.complete ? 0 : 1);
});
