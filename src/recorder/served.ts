/**
 * The server of a recorder: it tells others what a session tells, and answers them.
 *
 * @module
 */
import process from "node:process";
import { CommandError, EXIT } from "../fault.ts";
import type { CommonShares, ThreadTime } from "../model/common_shares.ts";
import { decodeText } from "../model/image.ts";
import type { Change } from "../model/machine.ts";
import { readShortBootId } from "../proc/boot_id.ts";
import type { Users } from "../proc/passwd.ts";
import { openProcfs, ProcError, type ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import { parseStatus } from "../proc/status.ts";
import { parseFilter } from "../serve/filter.ts";
import type { JobRequests } from "../serve/job_requests.ts";
import { ListenError } from "../serve/listen.ts";
import { type Kernel, type OpenServer, openServer } from "../serve/open.ts";
import type { Past } from "../serve/past.ts";
import { type Operation, type Peer, slow } from "../serve/protocol.ts";
import type { Sight } from "../serve/registration.ts";
import { Sequence } from "../serve/sequence.ts";
import type { ServerHost } from "../serve/server.ts";
import type { Session } from "../session.ts";
import { VERSION } from "../version.ts";
import { JsonLines } from "../view/json.ts";
import type { Sink } from "./sink.ts";
import type { World } from "./world.ts";

/** The history that a server has beside the session. */
export interface ServedHistory {
  readonly path: string;
  readonly past: Past;
  /** Microseconds from the Unix epoch to boot, as the history has it. */
  readonly base: number | null;
}

/** Where a server listens, and for whom. */
export interface ListenPlace {
  /** Path of the socket; null where a service manager must hand one over. */
  readonly path: string | null;
  /** Group that may connect, a gid; null for nobody but root and who runs the server. */
  readonly group: number | null;
}

/** How a server is set up. */
export interface ServerSettings {
  readonly place: ListenPlace;
  /** Answers questions about processes. */
  readonly questions: Pick<ServerHost, "tree" | "why"> & {
    /** What else they answer. */
    readonly operations?: ServerHost["more"];
  };
  /** Null where none is kept. */
  readonly history: ServedHistory | null;
  /** Null where none are kept. */
  readonly jobs: JobRequests | null;
  /** What is answered beside all that. */
  readonly operations: ServerHost["more"];
  /** The thread that owns the socket has failed. */
  onFailed(error: Error): void;
}

/** Listens, and tells what a session tells. */
export class SocketServer implements Sink {
  readonly #opened: OpenServer;
  #begun = false;

  private constructor(opened: OpenServer) {
    this.#opened = opened;
  }

  /** Opens it; null where there is no place. Throws CommandError where that cannot be used. */
  static async open(
    world: World,
    session: Session,
    settings: ServerSettings,
  ): Promise<SocketServer | null> {
    try {
      const opened = await openServer(
        { ...settings.place, env: world.env },
        (kernel) => new Host(world, session, settings, kernel),
        settings.onFailed,
      );
      return opened === null ? null : new SocketServer(opened);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new CommandError(EXIT.failed, error.message);
    }
  }

  /** Where it listens, for people. */
  get where(): string {
    return this.#opened.where;
  }

  get intro(): string {
    return `listening on ${this.where}`;
  }

  /** How many are connected, and for what. */
  get counts(): OpenServer["server"]["counts"] {
    return this.#opened.server.counts;
  }

  note(change: Change): void {
    this.#opened.server.note(change);
  }

  noteThread(...thread: Parameters<OpenServer["server"]["noteThread"]>): void {
    this.#opened.server.noteThread(...thread);
  }

  /** The first look at the host is over: from now on requests are answered. */
  scanned(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#opened.server.begin();
  }

  flush(): void {
    this.#opened.server.flush();
  }

  /** Ends it; what waits is sent as far as it is taken at once. */
  close(): Promise<void> {
    return this.#opened.close();
  }
}

/** Errors of requests are said so often at most. */
const SAY_MS = 1000;

class Host implements ServerHost {
  readonly identity: ServerHost["identity"];
  readonly lines: JsonLines;
  readonly users: Users;
  readonly sequence: Sequence;
  readonly past: Past | null;
  readonly signals: Kernel["signals"];
  readonly time: ThreadTime;
  readonly shares: CommonShares;
  readonly seesThreads: boolean;
  readonly more: ServerHost["more"];
  readonly #jobs: JobRequests | null;
  readonly #world: World;
  readonly #session: Session;
  readonly #kernel: Kernel;
  readonly #reader: ProcReader;
  readonly #questions: ServerSettings["questions"];
  #saidAt = -Infinity;
  /** Errors that were not said since. */
  #unsaid = 0;

  constructor(world: World, session: Session, settings: ServerSettings, kernel: Kernel) {
    const { history, jobs } = settings;
    this.users = world.users;
    this.shares = world.shares;
    this.time = world.shares.time;
    const { source, why } = session.info;
    this.#world = world;
    this.#session = session;
    this.#kernel = kernel;
    this.#reader = openProcfs(world.procRoot);
    this.more = {
      ...this.#ofPast(settings.questions.operations ?? {}),
      ...jobs?.operations,
      ...settings.operations,
    };
    this.#jobs = jobs;
    this.#questions = settings.questions;
    const boot = readShortBootId(this.#reader);
    this.lines = new JsonLines({ source, users: this.users, env: false });
    this.past = history?.past ?? null;
    this.sequence = new Sequence(history?.base ?? session.epoch, session.beganAt);
    this.signals = kernel.signals;
    this.seesThreads = source === "connector";
    this.identity = {
      version: VERSION,
      pid: process.pid,
      instance: `${boot}-${process.pid}-${this.look(process.pid)?.startTicks ?? 0}`,
      boot,
      source,
      why,
      euid: world.euid,
      since: session.beganAt,
      db: history?.path ?? null,
    };
  }

  /** What has happened is in the history before it is asked. */
  #ofPast(operations: ServerHost["more"]): ServerHost["more"] {
    const written = Object.entries(operations).map(([name, operation]) => {
      const ask: Operation = (peer, request) => {
        this.past?.write();
        return operation(peer, request);
      };
      return [name, operation.isSlow === true ? slow(ask) : ask] as const;
    });
    return Object.fromEntries(written);
  }

  epoch(): Session["epoch"] {
    return this.#session.epoch;
  }

  now(): number {
    return this.#kernel.now();
  }

  processes(): ReturnType<Session["machine"]["processes"]> {
    return this.#session.machine.processes();
  }

  look(pid: number): Sight | null {
    const [stat, status] = [this.#reader.read(pid, "stat"), this.#reader.read(pid, "status")];
    const [seen, ids] = [stat && parseStat(stat), status && parseStatus(status)];
    // A thread has files of its own, and is no process.
    if (seen === null || ids === null || ids.tgid !== pid) return null;
    return { uid: ids.uid.real, startTicks: seen.startTicks, comm: decodeText(ids.name) };
  }

  idOf(pid: number, startTicks: number): string {
    return `${this.identity.boot}-${pid}-${startTicks}`;
  }

  filter(filter: unknown, { privileged }: Peer): ReturnType<ServerHost["filter"]> {
    return parseFilter(filter, this.users, {
      find: (pid) => this.#session.machine.get(pid),
      trusted: privileged,
    });
  }

  tree(...question: Parameters<ServerHost["tree"]>): Promise<string> {
    this.past?.write();
    return this.#questions.tree(...question);
  }

  why(...question: Parameters<ServerHost["why"]>): Promise<Record<string, unknown>> {
    this.past?.write();
    return this.#questions.why(...question);
  }

  tally(): ReturnType<ServerHost["tally"]> {
    return this.#session.tally;
  }

  onDisconnect(client: number): void {
    this.#jobs?.disconnected(client);
  }

  /** Others can make many of them: a line a second says what there was. */
  onError(error: Error): void {
    const now = performance.now();
    if (now < this.#saidAt + SAY_MS) {
      this.#unsaid++;
      return;
    }
    const others = this.#unsaid === 0 ? "" : ` (and ${this.#unsaid} more before)`;
    [this.#saidAt, this.#unsaid] = [now, 0];
    const seen = error instanceof ProcError ? error.message : error.stack ?? error.message;
    this.#world.complain(`cannot answer a request${others}: ${seen}`);
  }
}
