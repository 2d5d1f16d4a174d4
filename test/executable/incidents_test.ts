/** docs/incidents.md: each command answers, on a scene made for it. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runProgram } from "../support/executable.ts";
import { Mounted, mountsMissing } from "../support/mounts.ts";
import { program, programsMissing } from "../support/programs.ts";
import { startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const PAGE = readFileSync(new URL("../../docs/incidents.md", import.meta.url), "utf8");
const SECTION = /^## (.+)\n\n```sh\nfh (.+)\n```$/gm;
const COMMANDS = new Map([...PAGE.matchAll(SECTION)].map(([, title, line]) => [title!, line!]));
const CRON = "/etc/cron.d";
const IS_ROOT = process.geteuid!() === 0;
const missing = !IS_ROOT ? "needs root" : mountsMissing ?? programsMissing;

const answered = new Set<string>();
let recorder: Running | null = null;

before(async () => {
  if (missing === null) recorder = await startRecorder(db);
});

after(async () => {
  await recorder?.end("SIGTERM");
  await recorder?.[Symbol.asyncDispose]();
});

// It is removed when the recorder has ended.
const folder = temporaryFolder("fh-incidents-");
const db = join(folder, "history.db");

/** Of what ends at once the command line may be missed: it is what a script is known by. */
const LONG_ENOUGH = "sleep 0.1\n";

/** Writes a script. */
function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs the command that the page has for an incident, with other words where it has examples. */
function answer(title: string, example = "", real = "", under: readonly string[] = []): string {
  const line = COMMANDS.get(title) ?? "";
  assert.ok(line !== "" && line.includes(example), `${title}: ${line}`);
  answered.add(title);
  // As a shell splits it.
  const words = line.replace(example, real).match(/'[^']*'|\S+/g)!
    .map((word) => word.replaceAll("'", ""));
  const [command = "", ...args] = [...under, FH, ...words, "--db", db];
  const { stdout, stderr } = runProgram(command, args);
  assert.notEqual(stdout, "", stderr);
  return stdout;
}

test(...unless(missing, "who started the hog, whose parent is dead"), async () => {
  const hog = script("hog.sh", "while :; do :; done\n");
  await using scene = Running.start(["sh", "-c", `sh ${hog} & echo $!; sleep 0.2`]);
  await scene.until("the hog", () => scene.stdout.includes("\n"));
  const pid = Number(scene.stdout);
  await scene.until("the end of its parent", () => !existsSync(`/proc/${scene.pid}`));
  try {
    const text = answer("Who started the hog, whose parent is dead?");
    assert.match(text, /^hog\.sh \(\d+\) of root.*it runs/s);
    assert.match(text, /orphaned: \d+ ended \S+ later/);
  } finally {
    process.kill(pid, "SIGKILL");
  }
});

const noCron = missing ?? (existsSync(CRON) ? null : `needs ${CRON}`);

test(...unless(noCron, "which cron entry does this"), () => {
  const job = script("nightly-backup", `${LONG_ENOUGH}exit 23\n`);
  const entries = join(folder, "cron.d");
  mkdirSync(entries);
  writeFileSync(join(entries, "backup"), `# Backups\n*/2 * * * * root sh ${job} --all\n`);
  // Who starts it is called cron; the crontab is there for the question alone.
  const cron = join(folder, "cron");
  runProgram("ln", ["-s", "/bin/sh", cron]);
  runProgram(cron, ["-c", `/bin/sh -c 'sh ${job} --all'; :`]);
  const mount = `mount --bind ${entries} ${CRON} && exec "$@"`;
  const under = ["unshare", "-m", "sh", "-c", mount, "sh"];
  const text = answer("Which cron entry does this?", "", "", under);
  const place = /a cron\s+job,\s+\/etc\/cron\.d\/backup:2\s+\(\*\/2 \* \* \* \*\)/;
  assert.match(text, place);
  assert.match(text, /exit 23/);
});

test(...unless(missing, "which step of the build is slow"), () => {
  const ci = script("ci.sh", "sleep 0.01\nsh ./slow-step\nsleep 0.02\n");
  script("slow-step", "sleep 0.7\n");
  runProgram("sh", [ci], { cwd: folder });
  const lines = answer("Which step of the build is slow?").trimEnd().split("\n");
  assert.ok(lines.some((line) => line.endsWith("sh ./slow-step")), lines.join("\n"));
  assert.ok(lines.every((line) => !/sleep 0\.0/.test(line)), lines.join("\n"));
});

test(...unless(missing, "what crashes again and again"), () => {
  const path = script("fh-worker", "ulimit -c 0\nsleep 0.15\nkill -ABRT $$\n");
  const loop = 'i=0; while [ $i -lt 6 ]; do sh "$0"; sleep 0.2; i=$((i + 1)); done';
  runProgram("sh", ["-c", loop, path]);
  const text = answer("What crashes again and again?");
  assert.match(text, /^fh-worker of root .*crashes again and again: 6 times in .*SIGABRT each/m);
});

test(...unless(missing, "what ran at that time"), async () => {
  await using scene = Running.start(["sh", script("then.sh", "sleep 1.5\n")]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const now = new Date().toISOString();
  await scene.end();
  const text = answer("What ran at that time?", "03:12:40", now);
  assert.match(text, /then\.sh/);
});

test(...unless(missing, "who forks the storm"), () => {
  const load = program("load")!;
  runProgram("sh", [script("storm.sh", `${load} --phase vfork,count=25000\n`)]);
  const text = answer("Who forks the storm?");
  assert.match(text, /^fork storm: \d+ processes in \S+, .* % below load\S* \(\d+\) of root/m);
});

test(...unless(missing, "in which container is this"), async () => {
  using mounted = Mounted.cgroups(`fh-incident-${process.pid}`);
  const id = "0123456789abcdef".repeat(4);
  const group = join(mounted.folder, "docker", id);
  mkdirSync(group, { recursive: true });
  try {
    const enter = `echo $$ > ${group}/cgroup.procs; echo in; exec sleep 60`;
    await using scene = Running.start(["sh", "-c", enter]);
    await scene.until("it to be in", () => scene.stdout.includes("in"));
    await scene.until("the sleep", () => {
      return readFileSync(`/proc/${scene.pid}/comm`, "utf8") === "sleep\n";
    });
    const text = answer("In which container is this?", "4711", `${scene.pid}`);
    assert.match(text.replaceAll("\n", ""), new RegExp(`the container ${id}`));
  } finally {
    rmdirSync(group);
    rmdirSync(join(mounted.folder, "docker"));
  }
});

test(...unless(missing, "how did it end"), () => {
  runProgram("sh", [script("helper", `${LONG_ENOUGH}kill -USR1 $$\n`)]);
  assert.match(answer("How did it end?"), /^helper \(\d+\) of root.*ended with SIGUSR1/s);
});

test(...unless(missing, "what did apt do"), () => {
  runProgram("sh", [script("apt-get", "sh -c 'sleep 0.01; true'\nsleep 0.02\n")]);
  const text = answer("What did apt do?");
  assert.match(text, /apt-get/);
  assert.match(text, /sleep 0\.01.*\n.*sleep 0\.02/);
});

test(...unless(missing, "who used the CPU"), () => {
  const spin = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done";
  runProgram("sh", [script("fh-spinner", `${spin}\n`)]);
  const text = answer("Who used the CPU?");
  assert.match(text, /^COUNT.*CPU.*COMMAND/m);
});

test(...unless(noCron, "each incident of the page was answered, and there are ten"), () => {
  assert.deepEqual([...answered].sort(), [...COMMANDS.keys()].sort());
  assert.equal(answered.size, 10);
});
