/**
 * The benchmark: `bun test/bench/main.ts [SECTION...]`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { programsMissing } from "../support/programs.ts";
import { connectorSection } from "./connector.ts";
import { findingsSection } from "./findings.ts";
import { fleetSection } from "./fleet.ts";
import { hostSection } from "./host.ts";
import { idleSection } from "./idle.ts";
import { latencySection } from "./latency.ts";
import { memorySection } from "./memory.ts";
import { overflowSection } from "./overflow.ts";
import { pollerSection } from "./poller.ts";
import { questionsSection } from "./questions.ts";
import { recordSection } from "./record.ts";
import { reportSection } from "./report.ts";
import { runSection } from "./run.ts";
import { serveSection } from "./serve.ts";
import { shipSection } from "./ship.ts";
import { startSection } from "./start.ts";
import { stormSection } from "./storm.ts";
import { throughputSection } from "./throughput.ts";
import { webSection } from "./web.ts";
import type { Bench, Section } from "./support/bench.ts";
import { undoAll, undoAtEnd, undoOnSignals } from "./support/cleanup.ts";
import { report } from "./support/report.ts";
import { Watcher } from "./support/run.ts";
import { installed, PEERS, type Tool } from "./support/tools.ts";

const SECTIONS: Readonly<Record<string, (bench: Bench) => Promise<Section>>> = {
  connector: connectorSection,
  host: hostSection,
  storm: stormSection,
  overflow: overflowSection,
  idle: idleSection,
  latency: latencySection,
  poller: pollerSection,
  memory: memorySection,
  start: startSection,
  throughput: throughputSection,
  record: recordSection,
  findings: findingsSection,
  questions: questionsSection,
  fleet: fleetSection,
  ship: shipSection,
  serve: serveSection,
  run: runSection,
  report: reportSection,
  web: webSection,
};

const USAGE = `Usage: npm run bench -- [SECTION...] [--rounds N] [--quick] [--minutes N]
                            [--fh PATH] [--out FILE]

Sections: ${Object.keys(SECTIONS).join(", ")} (all without any)
  --rounds N   how often each measurement is repeated (3)
  --quick      short loads: to try the benchmark out, not to quote
  --minutes N  minutes of a thousand hosts in the section fleet (60: 36 million lives, 16 GB)
  --fh PATH    executable to measure (dist/fh)
  --out FILE   where the report goes (docs/benchmarks.md for all sections, else nowhere)
`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** libbpf-tools look for tracepoints there. */
function mountTracefs(): void {
  const folder = "/sys/kernel/tracing";
  if (existsSync(join(folder, "events"))) return;
  if (spawnSync("mount", ["-t", "tracefs", "tracefs", folder]).status !== 0) return;
  undoAtEnd(() => spawnSync("umount", [folder]));
}

function installedPeers(isRoot: boolean): typeof PEERS {
  const missing = PEERS.filter((peer) => !installed(peer.command[0] ?? ""));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((peer) => peer.from))].join(" ");
    say(`Missing ${missing.map((peer) => peer.name).join(", ")}: apt-get install ${packages}`);
  }
  if (!isRoot) {
    say("The peers and half of the goals need root: sudo npm run bench");
    return [];
  }
  return PEERS.filter((peer) => !missing.includes(peer));
}

/** Those that do run here: BPF may be out of reach, whatever is installed. */
async function runningPeers(bench: Bench): Promise<Tool[]> {
  const running: Tool[] = [];
  for (const peer of bench.peers) {
    try {
      const watcher = await Watcher.start(bench, peer, "null");
      await watcher.stop();
      running.push(peer);
    } catch (error) {
      say(`Leaving ${peer.name} out: ${messageOf(error)}`);
    }
  }
  return running;
}

/** A copy that any user may run, wherever the original lies. */
function copyOfFh(path: string, folder: string): string | null {
  if (!existsSync(path)) {
    say(`Cannot find ${path}: npm run build; measuring the peers alone`);
    return null;
  }
  const copy = join(folder, "fh");
  copyFileSync(path, copy);
  chmodSync(copy, 0o755);
  return copy;
}

async function prepare(
  options: Pick<Bench, "rounds" | "quick" | "minutes"> & { fh: string },
): Promise<Bench> {
  const isRoot = process.getuid?.() === 0;
  const folder = mkdtempSync(join(tmpdir(), "fh-bench-"));
  undoAtEnd(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  if (isRoot) mountTracefs();
  const fh = copyOfFh(options.fh, folder);
  const bench = { ...options, isRoot, fh, peers: installedPeers(isRoot), folder, say };
  return { ...bench, peers: await runningPeers(bench) };
}

async function run(bench: Bench, names: readonly string[]): Promise<Section[]> {
  const sections: Section[] = [];
  for (const name of names) {
    const section = SECTIONS[name];
    if (section === undefined) continue;
    say(`${name}: begins`);
    try {
      sections.push(await section(bench));
    } catch (error) {
      say(`${name}: ${messageOf(error)}`);
      sections.push({ title: name, body: [`Not measured: ${messageOf(error)}`], goals: [] });
      process.exitCode = 1;
    }
  }
  return sections;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      quick: { type: "boolean", default: false },
      minutes: { type: "string" },
      fh: { type: "string", default: join(ROOT, "dist/fh") },
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const unknown = positionals.filter((name) => SECTIONS[name] === undefined);
  const rounds = Number(values.rounds);
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  const isOdd = minutes !== null && !(minutes >= 2);
  if (values.help || unknown.length > 0 || !(rounds >= 1) || isOdd) {
    (values.help ? process.stdout : process.stderr).write(USAGE);
    return values.help ? 0 : 2;
  }
  if (programsMissing !== null) {
    say(`Cannot make the load: the benchmark ${programsMissing}`);
    return 1;
  }
  undoOnSignals();
  const bench = await prepare({ rounds, quick: values.quick, minutes, fh: values.fh });
  const all = positionals.length === 0;
  const text = report(bench, await run(bench, all ? Object.keys(SECTIONS) : positionals));
  process.stdout.write(text);
  const out = values.out ?? (all && !values.quick ? join(ROOT, "docs/benchmarks.md") : null);
  if (out !== null) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text);
  }
  return 0;
}

try {
  process.exitCode = await main() || process.exitCode;
} catch (error) {
  say(messageOf(error));
  process.exitCode = 1;
} finally {
  undoAll();
}
