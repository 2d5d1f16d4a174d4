/**
 * The event stream: every change to every subscriber that wants it, once, with its number.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { GAP_REASON } from "../model/event.ts";
import { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { ByteText, utf8 } from "../view/byte_text.ts";
import type { JsonLines } from "../view/json.ts";
import { Catchup } from "./catchup.ts";
import type { Past } from "./past.ts";
import { maySee, type Peer, Refusal, refusalLine } from "./protocol.ts";
import { Budgets, Turns } from "./shares.ts";
import { Recent } from "./recent.ts";
import type { Sequence } from "./sequence.ts";
import { gapOf, View, type Wanted } from "./view.ts";

/** Changes that are remembered for who comes back: some seconds of a storm. */
const RECENT_MAX = 1 << 17;
/** They are forgotten when nobody has listened for so long. */
const RECENT_MS = 60_000;
/** Chunks are at least this far apart, unless there is much in them. */
const HAND_OVER_MS = 20;
const PIECE = 64 << 10;
/** Bytes that the sending thread has not taken; what comes beyond is left out and counted. */
const UNREAD_MAX = 64 << 20;

/** Where chunks go: the socket thread. */
export interface Sender {
  /** Bytes that were handed over and not taken yet. */
  readonly unreadBytes: number;
  /** Hands a chunk over; its buffer is given away. */
  send(
    clients: readonly number[],
    chunk: Uint8Array,
    meta: { readonly events: number; readonly lost: number; readonly seq: number },
  ): void;
  /** Resolves when little waits for a client, or it is gone. */
  ready(client: number): Promise<void>;
  /** Closes a connection when what waits for it has gone out. */
  disconnect(client: number): void;
}

/** What a stream needs of its server. */
export interface StreamHost {
  readonly lines: JsonLines;
  readonly identity: { readonly why: string };
  readonly sequence: Sequence;
  readonly past: Past | null;
  epoch(): BootEpoch;
  /** Nanoseconds since boot. */
  now(): number;
  processes(): Iterable<Process>;
  /** Something has failed that does not end the server. */
  onError(error: Error): void;
}

/** What a subscriber asks for. */
export interface Wishes {
  /** What makes it the same as another, for who may see the same. */
  readonly key: string;
  readonly filter: unknown;
  readonly live: Wanted;
  readonly past: Wanted;
  /** Everything after this number; null for what comes. */
  readonly after: number | null;
  readonly snapshot: boolean;
  /** Milliseconds; 0 for none. */
  readonly heartbeatMs: number;
}

/** One subscriber. */
export interface Subscriber {
  readonly peer: Peer;
  readonly wishes: Wishes;
  /** Nanoseconds since boot. */
  readonly since: number;
  /** Null while the past is told. */
  view: View | null;
  /** Milliseconds, when a heartbeat was sent last. */
  beatAt: number;
  /** The connection is closed. */
  gone: boolean;
}

/** Tells changes to subscribers. */
export class Stream {
  readonly #host: StreamHost;
  readonly #sender: Sender;
  readonly #subscribers = new Map<number, Subscriber>();
  readonly #views = new Map<string, View>();
  /** The same, to be walked for each change. */
  #all: View[] = [];
  readonly #recent = new Recent(RECENT_MAX);
  readonly #line = new ByteText(1024);
  readonly #turns = new Turns();
  readonly #budgets = new Budgets();
  #dirty = false;
  #handedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #heartbeat: ReturnType<typeof setTimeout> | null = null;
  #forget: ReturnType<typeof setTimeout> | null = null;

  constructor(host: StreamHost, sender: Sender) {
    this.#host = host;
    this.#sender = sender;
  }

  /** Every subscriber. */
  get subscribers(): Iterable<Subscriber> {
    return this.#subscribers.values();
  }

  /** How many there are. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Whether a connection has a subscription. */
  has(client: number): boolean {
    return this.#subscribers.has(client);
  }

  /** Whether every change after a number is in memory. */
  covers(after: number): boolean {
    return this.#recent.covers(after);
  }

  /** Takes note of a change. */
  note(change: Change): void {
    const seq = this.#host.sequence.next(change.time);
    if (!this.#recent.active || change.kind === "snapshot") return;
    this.#recent.add(change, seq);
    let written = false;
    for (const view of this.#all) {
      if (!this.#takes(view, change)) continue;
      if (!written) this.#write(change, seq);
      written = true;
      view.text.bytes(this.#bytes);
      view.added(change, seq);
      this.#dirty = true;
    }
  }

  /** Whether a view wants a change; who is not privileged may not take all the time for that. */
  #takes(view: View, change: Change): boolean {
    const { peer } = view;
    if (peer.privileged) return view.takes(change);
    const { process } = change;
    if (process !== null && !maySee(peer, process.uid)) return false;
    const began = performance.now();
    const takes = view.takes(change);
    if (!this.#budgets.spend(peer.uid, began, performance.now())) this.#expel(peer.uid);
    return takes;
  }

  /** Ends all subscriptions of a user whose filters take too much time. */
  #expel(uid: number): void {
    const message = "Subscription ended: the filters of this user take too much time; " +
      "give simpler ones";
    const line = refusalLine("subscribe", undefined, new Refusal("EBUSY", message));
    const all = [...this.#subscribers.values()]
      .filter(({ peer, gone }) => peer.uid === uid && !peer.privileged && !gone);
    if (all.length === 0) return;
    for (const subscriber of all) subscriber.gone = true;
    const clients = all.map(({ peer }) => peer.client);
    // Not in the middle of a change, which others are still to be told.
    setTimeout(() => {
      const seq = this.#host.sequence.last;
      this.#send(clients, utf8(`${line}\n`), { events: 0, lost: 0, seq });
      for (const client of clients) {
        this.leave(client);
        this.#sender.disconnect(client);
      }
    }, 0);
  }

  /** Hands on what was gathered, at once or a little later. */
  flush(): void {
    if (!this.#dirty || this.#timer !== null) return;
    const wait = this.#handedAt + HAND_OVER_MS - performance.now();
    if (wait <= 0 || this.#all.some(({ text }) => text.length >= PIECE)) this.#handOver();
    else this.#timer = setTimeout(() => this.#handOver(), wait);
  }

  /** Begins to tell; the answer to the request has been sent. */
  subscribe(peer: Peer, wishes: Wishes): void {
    this.#handOver();
    if (this.#forget !== null) clearTimeout(this.#forget);
    this.#forget = null;
    this.#recent.begin(this.#host.sequence.last);
    const now = performance.now();
    const subscriber: Subscriber = {
      peer,
      wishes,
      since: this.#host.now(),
      view: null,
      beatAt: now,
      gone: false,
    };
    this.#subscribers.set(peer.client, subscriber);
    this.#begin(subscriber);
    if (wishes.after === null) this.#join(subscriber);
    else void this.#catchUp(subscriber, wishes.after);
    this.#beatLater();
  }

  /** A connection is closed. */
  leave(client: number): void {
    const subscriber = this.#subscribers.get(client);
    if (subscriber === undefined) return;
    subscriber.gone = true;
    this.#subscribers.delete(client);
    const { view } = subscriber;
    view?.clients.delete(client);
    if (view?.clients.size === 0) {
      this.#views.delete(viewKey(subscriber));
      this.#all = [...this.#views.values()];
    }
    if (this.#subscribers.size > 0) return;
    this.#forget = setTimeout(() => this.#recent.forget(), RECENT_MS);
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    this.#heartbeat = null;
  }

  /** Tells who may see a registered process that signals to it were lost. */
  tellLostSignals(pid: number, uid: number, sig: number, lost: number): void {
    const { sequence, lines } = this.#host;
    const gap = gapOf(this.#host.now(), lost, GAP_REASON.signals);
    const seq = sequence.next(gap.time);
    lines.seq = seq;
    const line = lines.line(gap, this.#host.epoch()).replace(
      /\}\n$/,
      `,"pid":${pid},"sig":${sig}}\n`,
    );
    const clients = [...this.#subscribers.values()]
      .filter(({ peer }) => maySee(peer, uid))
      .map(({ peer }) => peer.client);
    this.#handOver();
    if (clients.length > 0) this.#send(clients, utf8(line), { events: 0, lost, seq });
  }

  /** Hands on the last, and ends. */
  close(): void {
    this.#handOver();
    for (const timer of [this.#timer, this.#heartbeat, this.#forget]) {
      if (timer !== null) clearTimeout(timer);
    }
    for (const subscriber of this.#subscribers.values()) subscriber.gone = true;
    this.#subscribers.clear();
    this.#views.clear();
    this.#all = [];
    this.#recent.forget();
  }

  /** The bytes of the line that was written last. */
  #bytes: Uint8Array = new Uint8Array(0);

  #write(change: Change, seq: number): void {
    const { lines } = this.#host;
    lines.seq = seq;
    lines.append(change, this.#host.epoch(), this.#line);
    this.#bytes = this.#line.take();
  }

  /** The first lines: which source it is and, if wanted, what runs. */
  #begin({ peer, wishes }: Subscriber): void {
    const { lines, sequence, identity: { why } } = this.#host;
    const text = new ByteText(256);
    const seq = lines.seq = wishes.after ?? sequence.last;
    text.text(lines.source(why, this.#host.epoch(), this.#host.now()));
    const view = new View(wishes.live, peer);
    if (wishes.snapshot) this.#addSnapshot(view, seq);
    text.bytes(view.text.take());
    this.#send([peer.client], text.take().slice(), { events: view.events, lost: 0, seq });
  }

  #addSnapshot(view: View, seq: number): void {
    const { lines } = this.#host;
    const change = new Change();
    change.kind = "snapshot";
    change.time = this.#host.now();
    lines.seq = seq;
    for (const process of this.#host.processes()) {
      if (!process.alive) continue;
      change.process = process;
      change.tid = process.pid;
      if (!this.#takes(view, change)) continue;
      lines.append(change, this.#host.epoch(), view.text);
      view.added(change, seq);
    }
  }

  async #catchUp(subscriber: Subscriber, after: number): Promise<void> {
    const host = this.#host;
    const leave = await this.#turns.enter(subscriber.peer);
    const catchup = new Catchup(subscriber, {
      past: host.past,
      lines: host.lines,
      sequence: host.sequence,
      recent: this.#recent,
      epoch: () => host.epoch(),
      now: () => host.now(),
      send: (chunk, meta) => this.#send([subscriber.peer.client], chunk, meta),
      ready: () => this.#sender.ready(subscriber.peer.client),
      takes: (view, change) => this.#takes(view, change),
      onError: (error) => host.onError(error),
    });
    try {
      if (await catchup.run(after)) this.#join(subscriber);
    } catch (error) {
      // Nothing that one subscriber asks for may end the server.
      host.onError(error as Error);
      this.#sender.disconnect(subscriber.peer.client);
    } finally {
      leave();
    }
  }

  /** From now on it is told what others of its kind are told. */
  #join(subscriber: Subscriber): void {
    // What the others wait for has happened before.
    this.#handOver();
    const key = viewKey(subscriber);
    let view = this.#views.get(key);
    if (view === undefined) {
      view = new View(subscriber.wishes.live, subscriber.peer);
      this.#views.set(key, view);
      this.#all = [...this.#views.values()];
    }
    view.clients.add(subscriber.peer.client);
    subscriber.view = view;
    this.#beatLater();
  }

  #handOver(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#handedAt = performance.now();
    for (const view of this.#all) if (view.text.length > 0) this.#handOverView(view);
  }

  #handOverView(view: View): void {
    const { events, lost, seq } = view;
    if (this.#sender.unreadBytes > UNREAD_MAX) {
      view.dropped += events + lost;
      view.droppedSeq = seq;
      view.text.take();
      view.events = view.lost = 0;
      return;
    }
    this.#tellDropped(view);
    view.sentAt = this.#handedAt;
    this.#send([...view.clients], view.take(), { events, lost, seq });
  }

  #tellDropped(view: View): void {
    if (view.dropped === 0) return;
    const { lines } = this.#host;
    const { dropped: lost, droppedSeq: seq } = view;
    lines.seq = seq;
    const line = lines.line(gapOf(this.#host.now(), lost, GAP_REASON.reader), this.#host.epoch());
    this.#send([...view.clients], utf8(line), { events: 0, lost, seq });
    view.dropped = 0;
  }

  #send(clients: readonly number[], chunk: Uint8Array, meta: Parameters<Sender["send"]>[2]): void {
    this.#sender.send(clients, chunk, meta);
  }

  /** Heartbeats are due when a subscriber has heard nothing for so long. */
  #beatLater(): void {
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    this.#heartbeat = null;
    let next = Infinity;
    for (const subscriber of this.#subscribers.values()) {
      next = Math.min(next, dueAt(subscriber));
    }
    if (next === Infinity) return;
    const ms = Math.max(10, next - performance.now());
    this.#heartbeat = setTimeout(() => this.#beat(), ms);
  }

  #beat(): void {
    this.#heartbeat = null;
    this.#handOver();
    for (const view of this.#all) {
      if (this.#sender.unreadBytes <= UNREAD_MAX) this.#tellDropped(view);
    }
    const { lines, sequence } = this.#host;
    const at = performance.now();
    const due = [...this.#subscribers.values()].filter((one) => dueAt(one) <= at);
    if (due.length > 0) {
      const seq = lines.seq = sequence.last;
      const clients = due.map(({ peer }) => peer.client);
      const line = lines.heartbeat(this.#host.epoch(), this.#host.now());
      this.#send(clients, utf8(line), { events: 0, lost: 0, seq });
      for (const subscriber of due) subscriber.beatAt = at;
    }
    this.#beatLater();
  }
}

/** When the next heartbeat of a subscriber is due, milliseconds. */
function dueAt({ wishes: { heartbeatMs }, view, beatAt }: Subscriber): number {
  // While the past is told there is no lack of lines.
  if (heartbeatMs === 0 || view === null) return Infinity;
  return Math.max(beatAt, view.sentAt) + heartbeatMs;
}

function viewKey({ peer, wishes }: Subscriber): string {
  return `${peer.privileged ? "all" : peer.uid} ${wishes.key}`;
}
