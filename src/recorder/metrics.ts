/**
 * A recorder's metrics: what is told is counted, and told again as a whole when somebody asks.
 *
 * @module
 */
import process from "node:process";
import { type Finding, FINDING_KINDS } from "../detect/finding.ts";
import { countedFamilies, familiesOf } from "../metrics/counted.ts";
import { Counters } from "../metrics/counters.ts";
import { exposition, type TextFormat } from "../metrics/exposition.ts";
import { type Family, type Metric, METRICS, single } from "../metrics/family.ts";
import { familyFields } from "../metrics/family_json.ts";
import { GAP_WORDS } from "../model/event.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { nameOf } from "../model/program_names.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import { checkNames, type Fields, type Operation, type Peer } from "../serve/protocol.ts";
import type { Session } from "../session.ts";
import { VERSION } from "../version.ts";
import type { RecordedFile } from "./file.ts";
import type { SocketServer } from "./served.ts";
import { shipFamilies } from "./shipping.ts";
import type { Sink } from "./sink.ts";
import type { TroubleSink } from "./trouble.ts";
import type { World } from "./world.ts";

/** What a recorder has, of which its metrics tell; null is not there. */
export interface RecorderParts {
  readonly session: Session;
  readonly file: RecordedFile | null;
  server: SocketServer | null;
  trouble: TroubleSink | null;
}

/** Findings that are told one by one, the worst first; all are counted. */
const FINDINGS_MAX = 50;
/** Characters of a name: who chooses it chooses how long it is. */
const NAME_MAX = 64;
/** Who asks more often gets the same again: everybody on the host may ask. */
const FRESH_MS = 250;
const MS_PER_S = 1e3;
const US_PER_S = 1e6;
const NS_PER_S = 1e9;

/** A sink that counts. */
export class RecordedMetrics implements Sink {
  readonly #world: World;
  readonly #parts: RecorderParts;
  readonly #counters: Counters;
  #families: Family[] = [];
  #takenAt = -Infinity;
  /** The text of those, once somebody has asked for it. */
  readonly #texts = new Map<TextFormat, string>();

  constructor(world: World, parts: RecorderParts) {
    this.#world = world;
    this.#parts = parts;
    this.#counters = new Counters(world.users);
  }

  note(change: Change): void {
    this.#counters.note(change);
  }

  noteAccount(process: Process): void {
    this.#counters.noteAccount(process);
  }

  /** All of them as text, as they are now or were just before. */
  text(format: TextFormat): string {
    const families = this.#now();
    let text = this.#texts.get(format);
    if (text === undefined) this.#texts.set(format, text = exposition(families, format));
    return text;
  }

  /** What the socket answers. */
  readonly operations: Readonly<Record<string, Operation>> = {
    metrics: (peer, request) => {
      checkNames(request, []);
      return { fields: this.#answer(peer) };
    },
  };

  #answer({ privileged, uid }: Peer): Fields {
    const all = this.#now();
    const seen = privileged ? all : familiesOf(all, this.#world.users.name(uid));
    return { families: seen.map(familyFields) };
  }

  #now(): readonly Family[] {
    const now = performance.now();
    if (now >= this.#takenAt + FRESH_MS) {
      this.#takenAt = now;
      this.#families = this.#take();
      this.#texts.clear();
    }
    return this.#families;
  }

  #take(): Family[] {
    const { session: { info, machine }, file, server, trouble } = this.#parts;
    for (const { reason, gaps, lost } of file?.lateGaps() ?? []) {
      this.#counters.addGaps(GAP_WORDS.indexOf(reason), gaps, lost);
    }
    let living = 0;
    for (const { alive, kernel } of machine.processes()) if (alive && !kernel) living++;
    return [
      { ...METRICS.build, samples: [{ labels: [VERSION, info.source], value: 1 }] },
      single(METRICS.up, true),
      ...countedFamilies(this.#counters),
      single(METRICS.living, living),
      ...trouble === null ? [] : this.#ofFindings([...trouble.open]),
      ...file === null ? [] : ofHistory(file),
      ...file === null ? [] : shipFamilies(file.path, this.#world.now()),
      ...server === null ? [] : ofSocket(server),
      ...ofProcess(),
    ];
  }

  #ofFindings(open: readonly Finding[]): Family[] {
    const rank = ({ kind }: Finding) => FINDING_KINDS.indexOf(kind);
    const worst = open.toSorted((a, b) => rank(a) - rank(b)).slice(0, FINDINGS_MAX);
    return [
      {
        ...METRICS.findings,
        samples: FINDING_KINDS.map((kind) => ({
          labels: [kind],
          value: open.filter((one) => one.kind === kind).length,
        })),
      },
      { ...METRICS.finding, samples: worst.map((one) => this.#ofFinding(one)) },
    ];
  }

  #ofFinding({ kind, key, process: { image, uid } }: Finding): Family["samples"][number] {
    const name = (nameOf(image) ?? "?").slice(0, NAME_MAX);
    const user = uid === null ? "?" : this.#world.users.name(uid) ?? String(uid);
    const { unit } = parseCgroup(image.cgroupText ?? "");
    return { labels: [kind, key, name, user, (unit ?? "").slice(0, NAME_MAX)], value: 1 };
  }
}

function ofHistory(file: RecordedFile): Family[] {
  const { rows, bytes, oldest, maxBytes, keepMs, lagNs, isWritable } = file.facts;
  return [
    single(METRICS.rows, rows),
    single(METRICS.bytes, bytes),
    ...limit(METRICS.maxBytes, maxBytes),
    ...limit(METRICS.keep, keepMs / MS_PER_S),
    ...oldest === null ? [] : [single(METRICS.oldest, oldest)],
    single(METRICS.lag, lagNs / NS_PER_S),
    single(METRICS.writable, isWritable),
  ];
}

/** Left out where there is none. */
function limit(metric: Metric, value: number): Family[] {
  return value === Infinity ? [] : [single(metric, value)];
}

function ofSocket({ counts: { clients, subscribers, listeners } }: SocketServer): Family[] {
  return [
    single(METRICS.clients, clients),
    single(METRICS.subscribers, subscribers),
    single(METRICS.listeners, listeners),
  ];
}

function ofProcess(): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    single(METRICS.processCpu, (user + system) / US_PER_S),
    // memoryUsage() measures the whole heap, which grows by that.
    single(METRICS.processBytes, process.memoryUsage.rss()),
    single(METRICS.processStart, performance.timeOrigin / MS_PER_S),
  ];
}
