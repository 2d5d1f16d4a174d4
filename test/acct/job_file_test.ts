import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Member, parseMember, readJobFile } from "../../src/acct/job_file.ts";
import { runCli } from "../../src/commands.ts";
import { CommandError } from "../../src/fault.ts";
import { mutated, randomBelow, SEED } from "../proc/mutate.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { fakeContext } from "../support/fake_output.ts";

const folder = temporaryFolder("fh-job-file-");

const path = join(folder, "jobs");
const LINE = '{"job":1,"name":"build","pid":4711,"id":"7c0a51fe-4711-88123",' +
  '"started":"2026-11-24T18:04:01.123456789Z","ended":null}';

function read(content: string | Uint8Array): Promise<Member[]> {
  writeFileSync(path, content);
  return membersOf(path);
}

async function membersOf(file: string): Promise<Member[]> {
  const members: Member[] = [];
  for await (const member of readJobFile(file, new AbortController().signal)) members.push(member);
  return members;
}

test("parseMember() reads a line of a job file, and passes over what it does not know", () => {
  assert.deepEqual(parseMember(LINE.replace("{", '{"new":[1],')), {
    job: 1,
    name: "build",
    pid: 4711,
    id: "7c0a51fe-4711-88123",
    started: "2026-11-24T18:04:01.123456789Z",
    ended: null,
    startedS: 1_795_543_441.123456789,
    endedS: null,
  });
  const { name, id, startedS } = parseMember('{"job":0,"pid":1}') as Member;
  assert.deepEqual([name, id, startedS], [null, null, null]);
});

test("parseMember() says what is wrong", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "is no JSON object"],
    ["[]", "is no JSON object"],
    ["null", "is no JSON object"],
    ['{"job":1', "is no JSON object"],
    ['{"pid":1}', "has no job"],
    ['{"job":-1,"pid":1}', "has a bad job: -1"],
    ['{"job":"a","pid":1}', 'has a bad job: "a"'],
    ['{"job":1}', "has no pid"],
    ['{"job":1,"pid":0}', "has a bad pid: 0"],
    ['{"job":1,"pid":1.5}', "has a bad pid: 1.5"],
    ['{"job":1,"pid":1,"name":{}}', "has a bad name: {}"],
    ['{"job":1,"pid":1,"id":7}', "has a bad id: 7"],
    ['{"job":1,"pid":1,"started":"yesterday"}', 'has a bad started: "yesterday"'],
    ['{"job":1,"pid":1,"ended":12}', "has a bad ended: 12"],
  ];
  for (const [line, words] of cases) assert.equal(parseMember(line), words);
});

test("parseMember() says what is wrong with a value nested as deep as a line is long", () => {
  const depth = 500_000;
  const line = `{"job":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.equal(parseMember(line), `has a bad job: ${"[".repeat(60)}…`);
});

test("readJobFile() takes lines longer than a piece, and a last one without end", async () => {
  const long = LINE.replace("{", `{"more":"${"x".repeat(700_000)}",`);
  const members = await read(`${long}\r\n\n${long}\n${LINE}`);
  assert.deepEqual(members.map(({ pid }) => pid), [4711, 4711, 4711]);
});

test("readJobFile() names the line that is wrong", async () => {
  await assert.rejects(read(`${LINE}\n\n{}\n`), {
    name: "CommandError",
    message:
      `Cannot read job file ${path}: line 3 has no job; docs/job-file.md says what is in one`,
  });
  await assert.rejects(read(`${LINE}\n${"x".repeat(1_100_000)}`), /line 2 is longer than 1 MiB; /);
  await assert.rejects(membersOf("/dev/zero"), /longer than 1 MiB/);
});

test("fh account -d -j shows a job file", async () => {
  writeFileSync(path, `${LINE}\n${LINE.replace("build", "\\u001b[2J")}\n`);
  const shown = async (...argv: string[]) => {
    const context = fakeContext();
    assert.equal(await runCli(context, ["account", "-d", "-j", path, ...argv]), 0);
    return context.stdout.lines;
  };
  const table = (await shown()).map((line) => line.trim().replace(/ +/g, " "));
  const rest = "4711 2026-11-24T18:04:01.123456789Z - 7c0a51fe-4711-88123";
  assert.deepEqual(table, [
    "JOB PID STARTED ENDED ID NAME",
    `1 ${rest} build`,
    `1 ${rest} \\x1b[2J`,
  ]);
  assert.equal((await shown("--json"))[0], LINE);
  const csv = (await shown("--csv"))[1]!;
  assert.equal(csv, "1,build,4711,7c0a51fe-4711-88123,2026-11-24T18:04:01.123456789Z,\r");
});

test(`damaged job files give members or the one error (FH_SEED=${SEED})`, async () => {
  const below = randomBelow(SEED);
  const file = new TextEncoder().encode(`${LINE}\n${LINE}\n`);
  for (let round = 0; round < 2000; round++) {
    try {
      await read(mutated(file, below));
    } catch (error) {
      assert.ok(error instanceof CommandError && error.status === 1, `FH_SEED=${SEED}: ${error}`);
    }
  }
});
