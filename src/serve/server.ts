/**
 * The server: requests in, answers and events out.
 *
 * @module
 */
import { maySee } from "../ask/viewer.ts";
import type { BootEpoch } from "../model/batch.ts";
import type { CommonShares, ThreadTime } from "../model/common_shares.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import type { Users } from "../proc/passwd.ts";
import { WallClock } from "../text/time.ts";
import type { JsonLines } from "../view/json.ts";
import { ClientCharges } from "./charges.ts";
import { Desk } from "./desk.ts";
import { LATE_US, type Past } from "./past.ts";
import { Refusal } from "../fault.ts";
import {
  bad,
  checkNames,
  type Done,
  type Fields,
  type Operation,
  type Peer,
  PROTOCOL,
  RawJson,
  readFlag,
  readWhole,
  type Request,
} from "./protocol.ts";
import type { Registration, Sight } from "./registration.ts";
import { type ListenerRow, Registry } from "./registry.ts";
import type { Sequence } from "./sequence.ts";
import type { Signals } from "./signals.ts";
import { type Sender, Stream, type Wishes } from "./stream.ts";
import type { Wanted } from "./view.ts";

const HEARTBEAT_S = 10;

/** The socket thread, as far as the server uses it. */
export interface ServerSocket extends Sender {
  /** Sends an answer; the request that it is for is done. */
  answer(client: number, line: string): void;
  /** What each connection was sent, events, lost events and bytes that wait. */
  counts(): Promise<ReadonlyMap<number, ClientCounts>>;
  watch(pidfd: number, tag: number): void;
  unwatch(pidfd: number): void;
  /** The connection is a stream: it stays when its peer sends nothing more. */
  keep(client: number): void;
}

/** What a connection was sent. */
export interface ClientCounts {
  readonly sent: number;
  readonly lost: number;
  readonly waiting: number;
}

/** Who the server is. */
export interface Identity {
  readonly version: string;
  readonly pid: number;
  /** Id of its process. */
  readonly instance: string;
  /** First group of the boot id. */
  readonly boot: string;
  readonly source: string;
  readonly why: string;
  /** Effective uid: who runs it sees everything. */
  readonly euid: number;
  /** Nanoseconds since boot. */
  readonly since: number;
  /** The history file; null where none is kept. */
  readonly db: string | null;
}

/** A filter that was understood. */
export interface ParsedFilter {
  /** The same for filters that let the same pass. */
  readonly key: string;
  readonly live: Wanted;
  readonly past: Wanted;
  /** Memory that its patterns may take. */
  readonly bytes: number;
}

/** What a server needs of its program. */
export interface ServerHost {
  readonly identity: Identity;
  readonly lines: JsonLines;
  readonly users: Users;
  readonly sequence: Sequence;
  readonly past: Past | null;
  readonly signals: Signals;
  readonly time: ThreadTime;
  readonly shares: CommonShares;
  readonly seesThreads: boolean;
  epoch(): BootEpoch;
  /** Nanoseconds since boot. */
  now(): number;
  processes(): Iterable<Process>;
  look(pid: number): Sight | null;
  /** Id of the process with a pid that began in that tick. */
  idOf(pid: number, startTicks: number): string;
  /** Understands a filter of a peer; throws {@linkcode Refusal} EFAULT. */
  filter(filter: unknown, peer: Peer): ParsedFilter;
  /** An array of trees as `fh tree --json` prints them; rejects with {@linkcode Refusal}. */
  tree(peer: Peer, target: unknown): Promise<string>;
  /** Chain and origin as `fh why --json` prints them; rejects with {@linkcode Refusal}. */
  why(peer: Peer, target: unknown): Promise<Record<string, unknown>>;
  /** What the session has told and lost. */
  tally(): { readonly events: number; readonly lost: number };
  /** What else can be asked. */
  readonly more: Readonly<Record<string, Operation>>;
  /** A connection is closed. */
  onDisconnect(client: number): void;
  /** A request has met an error that is no refusal. */
  onError(error: Error): void;
}

/** Answers requests, and tells events to subscribers and registered applications. */
export class Server {
  readonly #host: ServerHost;
  readonly #socket: ServerSocket;
  readonly #stream: Stream;
  readonly #registry: Registry;
  readonly #peers = new Map<number, Peer>();
  /** Who is privileged waits for nobody else's answers. */
  readonly #desk: Desk;
  readonly #othersDesk: Desk;
  readonly #clock = new WallClock();
  /** Memory that the patterns of each client's subscription may take. */
  readonly #patterns: ClientCharges;

  constructor(host: ServerHost, socket: ServerSocket) {
    this.#host = host;
    this.#socket = socket;
    this.#stream = new Stream(host, socket);
    this.#patterns = new ClientCharges(host.shares.patterns);
    this.#registry = new Registry({
      signals: host.signals,
      time: host.time,
      seesThreads: host.seesThreads,
      look: (pid) => host.look(pid),
      now: () => host.now(),
      watch: (pidfd, tag) => socket.watch(pidfd, tag),
      unwatch: (pidfd) => socket.unwatch(pidfd),
      onLost: (one, lost) => this.#tellLost(one, lost),
    });
    const operations = Object.assign(
      Object.create(null) as Record<string, Operation>,
      {
        hello: (peer, request) => ({ fields: this.#hello(peer, request) }),
        register: (peer, request) => ({ fields: this.#registry.register(peer, request) }),
        unregister: (peer, request) => ({ fields: this.#registry.unregister(peer, request) }),
        listeners: (peer, request) => ({ fields: this.#listeners(peer, request) }),
        subscribe: (peer, request) => this.#subscribe(peer, request),
        tree: (peer, request) => ({ fields: this.#tree(peer, request) }),
        why: (peer, request) => ({ fields: this.#why(peer, request) }),
        status: (peer, request) => ({ fields: this.#status(peer, request) }),
      } satisfies Record<string, Operation>,
      host.more,
    );
    const desk = {
      time: host.time,
      users: host.users,
      operations,
      answer: (client: number, line: string) => socket.answer(client, line),
      onError: (error: Error) => host.onError(error),
    };
    this.#desk = new Desk(desk);
    this.#othersDesk = new Desk(desk);
  }

  /** Requests are answered from now on: what runs is known. */
  begin(): void {
    this.#desk.begin();
    this.#othersDesk.begin();
  }

  /** Takes note of a change. */
  note(change: Change): void {
    this.#stream.note(change);
    const { process } = change;
    if (process === null || this.#registry.size === 0) return;
    if (change.kind === "fork") this.#registry.fork(change.time, process);
    else if (change.kind === "uid" || change.kind === "exec") this.#registry.changed(process);
  }

  /** Takes note of a new thread. */
  noteThread(time: number, process: Process, tid: number): void {
    if (this.#registry.size > 0) this.#registry.thread(time, process, tid);
  }

  /** How many are connected, of these how many are sent events, and who is sent signals. */
  get counts(): { readonly clients: number; readonly subscribers: number; listeners: number } {
    return {
      clients: this.#peers.size,
      subscribers: this.#stream.size,
      listeners: this.#registry.size,
    };
  }

  /** Hands on what was noted. */
  flush(): void {
    this.#stream.flush();
  }

  /** Somebody has connected. */
  connected({ client, pid, uid }: Pick<Peer, "client" | "pid" | "uid">): void {
    const privileged = uid === 0 || uid === this.#host.identity.euid;
    // A peer that is asked for later by its pid alone may be another process by then.
    const startTicks = pid > 0 ? this.#startOf(pid) : null;
    this.#peers.set(client, { client, pid, uid, privileged, startTicks });
  }

  /** Null, too, where /proc could not be read: they then say by a pid who they are. */
  #startOf(pid: number): number | null {
    try {
      return this.#host.look(pid)?.startTicks ?? null;
    } catch (error) {
      this.#host.onError(error as Error);
      return null;
    }
  }

  /** A line has come; null for one that was too long. */
  requested(client: number, line: string | null): void {
    const peer = this.#peers.get(client);
    if (peer === undefined) return;
    const desk = peer.privileged ? this.#desk : this.#othersDesk;
    desk.push(peer, line);
  }

  /** A connection is closed. */
  disconnected(client: number): void {
    this.#peers.delete(client);
    this.#stream.leave(client);
    this.#patterns.giveAll(client);
    for (const desk of [this.#desk, this.#othersDesk]) desk.disconnected(client);
    this.#host.onDisconnect(client);
  }

  /** A registered process has ended. */
  died(tag: number): void {
    this.#registry.died(tag);
  }

  /** Hands on the last, and ends all registrations. */
  close(): void {
    for (const desk of [this.#desk, this.#othersDesk]) desk.close();
    this.#registry.close();
    this.#stream.close();
  }

  #hello({ uid, privileged }: Peer, request: Request): Fields {
    checkNames(request, ["protocol"]);
    const { protocol = PROTOCOL } = request.params;
    if (readWhole("protocol", protocol, 1, 1e6) !== PROTOCOL) {
      throw new Refusal("EPROTO", `Unknown protocol: ${protocol}; this server speaks ${PROTOCOL}`);
    }
    const { identity, past, sequence } = this.#host;
    const { version, pid, instance, boot, source, why } = identity;
    return {
      protocol: PROTOCOL,
      version,
      pid,
      instance,
      boot,
      source,
      why,
      uid,
      privileged,
      history: past !== null,
      seq: sequence.last,
    };
  }

  async #listeners(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, []);
    const { users } = this.#host;
    const listeners = this.#registry.list(peer).map((row) => this.#listenerFields(row));
    const counts = await this.#socket.counts();
    const subscribers = [...this.#stream.subscribers]
      .filter((one) => maySee(peer, one.peer.uid))
      .map(({ peer: { client, pid, uid }, since, wishes }) => ({
        pid,
        uid,
        user: users.name(uid),
        since: this.#time(since),
        filter: wishes.filter ?? {},
        ...counts.get(client) ?? { sent: 0, waiting: 0, lost: 0 },
      }));
    return { listeners, subscribers };
  }

  #listenerFields({ startTicks, ...row }: ListenerRow): Fields {
    const { pid, comm, uid, sig, scope, exclusive, threads, since, sent, waiting, lost } = row;
    const { users } = this.#host;
    return {
      pid,
      id: this.#host.idOf(pid, startTicks),
      comm,
      uid,
      user: users.name(uid),
      sig,
      scope,
      exclusive,
      threads,
      since: this.#time(since),
      sent,
      waiting,
      lost,
    };
  }

  #subscribe(peer: Peer, request: Request): Done {
    const { sequence, identity } = this.#host;
    checkNames(request, ["filter", "from", "snapshot", "heartbeat", "instance"]);
    const { filter = {}, from, snapshot, heartbeat = HEARTBEAT_S, instance } = request.params;
    if (instance !== undefined && typeof instance !== "string") {
      throw bad("instance", instance, "give what hello calls so");
    }
    const seconds = readWhole("heartbeat", heartbeat, 0, 3600);
    const asked = this.#after(from);
    const parsed = this.#host.filter(filter, peer);
    const wishes = {
      ...parsed,
      filter,
      snapshot: readFlag("snapshot", snapshot),
      heartbeatMs: seconds * 1000,
    };
    if (this.#stream.has(peer.client)) {
      const message = "Cannot subscribe: this connection has a subscription";
      throw new Refusal("EBUSY", `${message}; open another connection`);
    }
    const place = typeof from === "number" && instance !== undefined
      ? this.#resume(asked!, instance)
      : { after: asked, overlap: false };
    const fields = {
      instance: identity.instance,
      boot: identity.boot,
      source: identity.source,
      seq: sequence.last,
      ...place.overlap ? { overlap: true } : {},
    };
    // A register counts though its client has gone; nobody is there to be told events.
    if (!this.#peers.has(peer.client)) return { fields };
    const all: Wishes = { ...wishes, after: place.after };
    if (!this.#patterns.take(peer, parsed.bytes)) {
      const message = "No room for these patterns: those of your subscriptions and rules are many";
      throw new Refusal("EUSERS", `${message}; end some, or give simpler ones`);
    }
    // A client that has asked for all it wants may have shut down its side already.
    this.#socket.keep(peer.client);
    return { fields, after: () => this.#stream.subscribe(peer, all) };
  }

  /** The number after which everything is wanted; null for what comes. */
  #after(from: unknown): number | null {
    if (from === undefined) return null;
    if (typeof from === "number") return readWhole("from", from, 0, Number.MAX_SAFE_INTEGER);
    if (typeof from !== "string") throw bad("from", from, "give a number or a time");
    const { past } = this.#host;
    if (past !== null) return past.place(from) - 1;
    throw bad(
      "from",
      from,
      "this server keeps no history; give the number of an event, or nothing",
    );
  }

  /** Where to go on for who knows the number of its last event, and the server that gave it. */
  #resume(after: number, instance: string): { after: number; overlap: boolean } {
    const { identity, sequence } = this.#host;
    const same = instance === identity.instance;
    if (same && (this.#stream.covers(after) || after >= sequence.last)) {
      return { after, overlap: false };
    }
    return { after: Math.max(0, after - LATE_US), overlap: true };
  }

  async #tree(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["target"]);
    // It can be as deep as there are pids, which JSON.stringify() cannot write.
    return { tree: new RawJson(await this.#host.tree(peer, request.params["target"])) };
  }

  async #why(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["target"]);
    return await this.#host.why(peer, request.params["target"]);
  }

  #status({ privileged }: Peer, request: Request): Fields {
    checkNames(request, []);
    const { identity, sequence, past } = this.#host;
    // Who asks may want to look at the file next.
    past?.write();
    const { pid, instance, version, since, source, why, db } = identity;
    return {
      pid,
      instance,
      version,
      since: this.#time(since),
      source,
      why,
      seq: sequence.last,
      // What others do is not everybody's business.
      ...privileged
        ? {
          db,
          ...this.#host.tally(),
          ...this.counts,
        }
        : {},
    };
  }

  #tellLost({ wish, receiver, lostSince }: Registration, lost: number): void {
    this.#stream.tellLostSignals(wish.pid, receiver.uid, wish.sig, lost, lostSince);
  }

  #time(ns: number): string {
    return this.#clock.utc(this.#host.epoch(), ns);
  }
}
