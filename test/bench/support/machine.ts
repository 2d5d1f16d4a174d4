/**
 * Where the measurements were made.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpus, machine, release, totalmem, version } from "node:os";
import { megabytes, table } from "./table.ts";
import { PEERS, versionOf } from "./tools.ts";
import type { Bench } from "./bench.ts";

/** Machine, kernel, versions and date, as a Markdown table. */
export function describeMachine(bench: Bench): string[] {
  const processors = cpus();
  const fhVersion = bench.fh === null
    ? "not built"
    : spawnSync(bench.fh, ["--version"], { encoding: "utf8" }).stdout.trim();
  const peers = PEERS.filter((peer) => bench.peers.some((one) => one.name === peer.name));
  return table(["what", "value"], [
    ["processor", `${processors[0]?.model ?? "unknown"}, ${processors.length} CPUs, ${machine()}`],
    ["memory", megabytes(totalmem())],
    ["kernel", `${release()} ${version()}`],
    ["fh", fhVersion],
    ...peers.map((peer) => [peer.name, `${versionOf(peer)} (${peer.from})`]),
    ["user", bench.isRoot ? "root" : "ordinary"],
    ["rounds", `${bench.rounds}${bench.quick ? ", quick: short loads" : ""}`],
    ["date", new Date().toISOString().slice(0, 10)],
  ]);
}
