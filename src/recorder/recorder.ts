/**
 * A recorder: one session, and all who are told what it tells. `fh record` and `fh serve` are two
 * lists of them.
 *
 * @module
 */
import type { Finding } from "../detect/finding.ts";
import { CommandError, EXIT } from "../fault.ts";
import { ServiceManager } from "../host/notify.ts";
import { readBootId } from "../proc/boot_id.ts";
import { openProcfs } from "../proc/procfs.ts";
import type { Session } from "../session.ts";
import type { ShipSetup } from "../ship/thread/messages.ts";
import { type FileOwner, type FileSettings, RecordedFile } from "./file.ts";
import { RecordedFindings } from "./findings.ts";
import { RecordedJobs } from "./jobs.ts";
import { type Looker, Looks } from "./looks.ts";
import { RecordedMetrics, type RecorderParts } from "./metrics.ts";
import type { MetricsDoor, MetricsPlace } from "./metrics_door.ts";
import { RecordedPrograms } from "./programs.ts";
import { RecordedSamples } from "./samples.ts";
import {
  type ListenPlace,
  type ServedHistory,
  type ServerSettings,
  SocketServer,
} from "./served.ts";
import { shipLags, ShippingSink } from "./shipping.ts";
import { Sinks } from "./sinks.ts";
import { type TroubleSettings, TroubleSink } from "./trouble.ts";
import type { Told, World } from "./world.ts";

/** How a recorder is set up: what is null is not done. */
export interface RecorderSettings {
  readonly history: FileSettings | null;
  readonly socket: SocketSettings | null;
  readonly trouble?: TroubleSettings | null;
  /** Where metrics can be scraped. */
  readonly metrics?: MetricsPlace | null;
  /** Where the history is shipped to. */
  readonly ship?: ShipSetup | null;
}

/** Where others may ask, and who answers. */
export interface SocketSettings {
  readonly place: ListenPlace;
  /** Whether to end where the place cannot be used, instead of going on without. */
  readonly needed: boolean;
  readonly questions: ServerSettings["questions"];
}

/** Tells sinks what a session tells, until it is ended. */
export class Recorder {
  readonly #world: World;
  readonly #settings: RecorderSettings;
  readonly #manager: ServiceManager;
  readonly #done = Promise.withResolvers<void>();
  readonly #file: RecordedFile | null;
  readonly #findings: RecordedFindings | null;
  readonly #samples: RecordedSamples | null;
  readonly #programs: RecordedPrograms | null;
  readonly #sinks = new Sinks();
  #session: Session | null = null;
  #door: MetricsDoor | null = null;

  constructor(world: World, settings: RecorderSettings) {
    this.#world = world;
    this.#settings = settings;
    this.#manager = ServiceManager.open(world.env);
    // Whoever waits for it is told; an error may come before.
    this.#done.promise.catch(() => {});
    const { history, trouble = null } = settings;
    const findings = this.#findings = trouble === null ? null : new RecordedFindings();
    const samples = this.#samples = history?.samples ? new RecordedSamples() : null;
    const learnMs = trouble?.learnMs ?? null;
    const programs = this.#programs = learnMs === null
      ? null
      : new RecordedPrograms(() => world.now(), learnMs);
    const file = (settings: FileSettings, owner: FileOwner) => {
      const beside = { findings, samples, programs };
      return new RecordedFile(settings, world, this.#manager, beside, owner);
    };
    this.#file = history === null ? null : file(history, {
      failed: (error) => this.#done.reject(error),
      lost: (error) => {
        // What the capture still has in hand is told to nobody.
        this.#sinks.telling = false;
        this.#done.reject(error);
      },
    });
  }

  /** Runs until the world's signal; rejects with what has ended it before. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      throw this.#file === null ? error : this.#file.explained(error);
    }
  }

  async #run(): Promise<void> {
    const { signal, onSignal } = this.#world;
    const file = this.#file;
    if (file !== null) {
      onSignal?.((name) => name === "SIGHUP" && file.hangUp());
      file.open();
      this.#sinks.add(file);
    }
    const stop = () => this.#done.resolve();
    try {
      const session = this.#session = await this.#world.openSession(this.#told());
      await this.#openSinks(session);
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      session.begin();
      this.#announce(session);
      file?.begin();
      await this.#done.promise;
    } finally {
      if (file !== null) onSignal?.(null);
      signal.removeEventListener("abort", stop);
      await this.#close();
    }
  }

  /** What a session tells goes to all sinks. */
  #told(): Told {
    const sinks = this.#sinks;
    return {
      time: this.#world.shares.time,
      onChange: (change) => sinks.note(change),
      onAccount: (process, _figures, last) => {
        if (last) sinks.noteAccount(process);
      },
      onThread: (time, process, tid) => sinks.noteThread(time, process, tid),
      onScanned: () => sinks.scanned(),
      onBatch: () => sinks.flush(),
      onNote: (text) => this.#world.say(text),
      onEnd: (error) => error === null ? this.#done.resolve() : this.#done.reject(error),
    };
  }

  /** The list: who is told, in this order; the file is the first of them. */
  async #openSinks(session: Session): Promise<void> {
    const jobs = this.#startFile(session);
    if (jobs !== null) this.#sinks.add(jobs);
    const parts: RecorderParts = { session, file: this.#file, server: null, trouble: null };
    const metrics = new RecordedMetrics(this.#world, parts);
    this.#sinks.telling = true;
    // Rules that are kept may name somebody; from now on events wait for nobody.
    this.#world.users.live();
    const server = parts.server = await this.#listen(session, jobs, metrics);
    if (server !== null) this.#sinks.add(server);
    parts.trouble = this.#addLooks(session);
    if (this.#sinks.all.length === 0) throw noPlace();
    const { metrics: place = null, ship = null } = this.#settings;
    if (ship !== null) this.#sinks.add(new ShippingSink(this.#world, ship));
    // Nobody can ask for what would be counted.
    if (server === null && place === null) return;
    this.#sinks.add(metrics);
    if (place !== null) await this.#openDoor(place, metrics);
  }

  /** Looks at the living, for trouble and for what they use; who looks for trouble comes back. */
  #addLooks(session: Session): TroubleSink | null {
    const { trouble = null } = this.#settings;
    const lookers: Looker[] = [];
    const samples = this.#samples;
    if (samples !== null) {
      lookers.push((look, at) => {
        samples.take(look, at, (pid) => session.machine.get(pid));
        this.#file?.flush();
      });
    }
    let sink: TroubleSink | null = null;
    if (trouble !== null) {
      const keep = (finding: Finding) => this.#keep(finding);
      const programs = this.#programs;
      const shipped = () => {
        return this.#file === null ? [] : shipLags(this.#file.path, this.#world.now());
      };
      const settings = { keep, shipped, ...trouble, programs };
      const found = sink = new TroubleSink(this.#world, settings, session);
      this.#sinks.add(found);
      lookers.push((look, at) => found.look(look, at));
    }
    if (lookers.length > 0) {
      this.#sinks.add(new Looks(this.#world, () => session.now, lookers));
    }
    return sink;
  }

  #keep(finding: Finding): void {
    this.#findings?.note(finding);
    this.#file?.flush();
  }

  async #openDoor(place: MetricsPlace, metrics: RecordedMetrics): Promise<void> {
    const { MetricsDoor } = await import("./metrics_door.ts");
    this.#door = await MetricsDoor.open({
      place,
      text: (format) => metrics.text(format),
      say: (text) => this.#world.say(text),
    });
  }

  /** Begins to write, where there is a file, and to keep jobs in it. */
  #startFile(session: Session): RecordedJobs | null {
    const file = this.#file;
    if (file === null) return null;
    const { procRoot, users, shares } = this.#world;
    const jobs = new RecordedJobs({
      path: file.path,
      session,
      reader: openProcfs(procRoot),
      users,
      shares,
      write: () => void file.write(),
      failing: () => file.failing,
      wallClock: () => this.#world.now(),
      say: (text) => this.#world.say(text),
    });
    file.start(session, jobs);
    return jobs;
  }

  /** Where there is no place to listen, the history is kept all the same. */
  async #listen(
    session: Session,
    jobs: RecordedJobs | null,
    { operations }: RecordedMetrics,
  ): Promise<SocketServer | null> {
    const { socket } = this.#settings;
    if (socket === null) return null;
    const { place, questions, needed } = socket;
    try {
      return await SocketServer.open(this.#world, session, {
        place,
        questions,
        jobs: jobs?.requests ?? null,
        operations,
        history: this.#servedHistory(),
        onFailed: (error) => this.#done.reject(error),
      });
    } catch (error) {
      if (needed || !(error instanceof CommandError)) throw error;
      this.#world.say(`no socket: ${error.message}`);
      return null;
    }
  }

  #servedHistory(): ServedHistory | null {
    if (this.#file === null) return null;
    const { path, past } = this.#file;
    const bootId = readBootId(openProcfs(this.#world.procRoot));
    return { path, past, base: past.baseOf(bootId) };
  }

  #announce({ info }: Session): void {
    this.#world.say(`source ${info.source}: ${info.why}`);
    for (const { intro } of this.#sinks.all) if (intro !== undefined) this.#world.say(intro);
    void this.#manager.ready(`${info.source}, ${this.#sinks.all[0]!.where}`);
  }

  async #close(): Promise<void> {
    void this.#manager.stopping();
    this.#file?.stop();
    await this.#door?.close();
    // What the capture still had in hand is told before it ends.
    await this.#session?.close();
    await this.#sinks.close();
  }
}

function noPlace(): CommandError {
  const what = "Nowhere to listen: XDG_RUNTIME_DIR is not set";
  return new CommandError(EXIT.failed, `${what}; name a socket by --socket PATH or FH_SOCKET`);
}
