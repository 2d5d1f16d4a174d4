/**
 * The event stream: every change to every subscriber that wants it, once, with its number.
 *
 * @module
 */
import { maySee } from "../ask/viewer.ts";
import type { BootEpoch } from "../model/batch.ts";
import type { ThreadTime } from "../model/common_shares.ts";
import { GAP_REASON } from "../model/event.ts";
import { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { ByteText, utf8 } from "../text/byte_text.ts";
import type { JsonLines } from "../view/json.ts";
import { Catchup } from "./catchup.ts";
import { SERVER_LIMITS } from "./limits.ts";
import type { Past } from "./past.ts";
import { payer, type Peer } from "./protocol.ts";
import { Recent } from "./recent.ts";
import type { Sequence } from "./sequence.ts";
import { Turns } from "./shares.ts";
import { Untaken } from "./untaken.ts";
import { gapOf, View, type Wanted } from "./view.ts";
import { Views } from "./views.ts";

/** Changes that are remembered for who comes back: some seconds of a storm. */
const RECENT_MAX = 1 << 17;
/** They are forgotten when nobody has listened for so long. */
const RECENT_MS = 60_000;
/** Chunks are at least this far apart, unless there is much in them. */
const HAND_OVER_MS = 20;
const PIECE = 64 << 10;
/** A view is handed over in the middle of a batch when it has grown to this. */
const LARGE = 1 << 20;

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
  readonly time: ThreadTime;
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
  readonly #views = new Views();
  readonly #recent = new Recent(RECENT_MAX, SERVER_LIMITS.recentImages);
  readonly #line = new ByteText(1024);
  readonly #turns = new Turns();
  readonly #untaken: Untaken;
  #dirty = false;
  #handedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #heartbeat: ReturnType<typeof setTimeout> | null = null;
  #forget: ReturnType<typeof setTimeout> | null = null;

  constructor(host: StreamHost, sender: Sender) {
    this.#host = host;
    this.#sender = sender;
    this.#untaken = new Untaken(() => sender.unreadBytes);
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
    this.#written = false;
    const { process } = change;
    if (process === null) {
      for (const view of this.#views.all) this.#show(view, change, seq);
      return;
    }
    for (const view of this.#views.privileged) this.#show(view, change, seq);
    for (const view of this.#views.of(process.uid)) this.#showToUser(view, change, seq);
  }

  #show(view: View, change: Change, seq: number): void {
    if (!view.takes(change)) return;
    if (!this.#written) this.#write(change, seq);
    this.#written = true;
    view.text.bytes(this.#bytes);
    view.added(change, seq);
    this.#dirty = true;
    if (view.text.length >= LARGE) this.#handOverView(view);
  }

  /** Ordinary users may not take all the time: what is beyond their share is counted. */
  #showToUser(view: View, change: Change, seq: number): void {
    const { time } = this.#host;
    const { uid } = view.peer;
    if (!time.may(uid)) {
      view.skip(seq, change.time);
      this.#dirty = true;
      return;
    }
    const began = time.now();
    this.#show(view, change, seq);
    time.spend(uid, began);
  }

  /** Hands on what was gathered, at once or a little later. */
  flush(): void {
    if (!this.#dirty || this.#timer !== null) return;
    const wait = this.#handedAt + HAND_OVER_MS - performance.now();
    if (wait <= 0 || this.#isLong()) this.#handOver();
    else this.#timer = setTimeout(() => this.#handOver(), wait);
  }

  #isLong(): boolean {
    for (const { text } of this.#views.all) if (text.length >= PIECE) return true;
    return false;
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
    const { view, peer, wishes } = subscriber;
    if (view !== null) this.#views.leave(view, peer, wishes);
    if (this.#subscribers.size > 0) return;
    this.#forget = setTimeout(() => this.#recent.forget(), RECENT_MS);
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    this.#heartbeat = null;
  }

  /** Tells who may see a registered process that signals to it were lost, since when. */
  tellLostSignals(pid: number, uid: number, sig: number, lost: number, since: number): void {
    const { sequence, lines } = this.#host;
    const gap = gapOf(since, this.#host.now(), lost, GAP_REASON.signals);
    const seq = sequence.next(gap.time);
    lines.seq = seq;
    const line = lines.line(gap, this.#host.epoch()).replace(
      /\}\n$/,
      `,"pid":${pid},"sig":${sig}}\n`,
    );
    this.#handOver();
    const meta = { events: 0, lost, seq };
    for (const [payer, clients] of this.#clientsOf(({ peer }) => maySee(peer, uid))) {
      this.#send(payer, clients, utf8(line), meta);
    }
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
    this.#recent.forget();
  }

  /** The bytes of the line that was written last. */
  #bytes: Uint8Array = new Uint8Array(0);
  /** Whether that is the line of the change at hand. */
  #written = false;

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
    const { events, lost } = view;
    this.#send(payer(peer), [peer.client], text.take().slice(), { events, lost, seq });
  }

  /** What runs, all of one moment; what is beyond a user's share of time and room is counted. */
  #addSnapshot(view: View, seq: number): void {
    const { lines, time } = this.#host;
    const { answer } = SERVER_LIMITS;
    const most = view.peer.privileged ? answer.privileged : answer.others;
    const uid = payer(view.peer);
    const change = new Change();
    change.kind = "snapshot";
    change.time = this.#host.now();
    lines.seq = seq;
    for (const process of this.#host.processes()) {
      if (!process.alive || !maySee(view.peer, process.uid)) continue;
      if (view.text.length >= most || !time.may(uid)) {
        view.skip(seq, change.time);
        continue;
      }
      change.process = process;
      change.tid = process.pid;
      const began = time.now();
      if (view.takes(change)) {
        lines.append(change, this.#host.epoch(), view.text);
        view.added(change, seq);
      }
      time.spend(uid, began);
    }
    if (view.skipped === 0) return;
    const gap = gapOf(change.time, this.#host.now(), view.skipped, GAP_REASON.share);
    lines.append(gap, this.#host.epoch(), view.text);
    view.added(gap, seq);
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
      time: host.time,
      send: (chunk, meta) => {
        this.#send(payer(subscriber.peer), [subscriber.peer.client], chunk, meta);
      },
      ready: () => this.#sender.ready(subscriber.peer.client),
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
    subscriber.view = this.#views.join(subscriber.peer, subscriber.wishes);
    this.#beatLater();
  }

  #handOver(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#handedAt = performance.now();
    for (const view of this.#views.all) this.#handOverView(view);
  }

  #handOverView(view: View): void {
    const uid = payer(view.peer);
    const began = this.#host.time.now();
    if (view.text.length > 0) {
      if (this.#untaken.may(uid)) this.#sendView(view, uid);
      else view.drop();
    }
    if (view.skipped > 0 && this.#host.time.may(uid)) {
      this.#tellLoss(view, view.skippedSeq, view.skippedSince, view.skipped, GAP_REASON.share);
      view.skipped = 0;
    }
    this.#host.time.spend(uid, began);
  }

  #sendView(view: View, uid: number): void {
    const { events, lost, seq } = view;
    this.#tellDropped(view);
    view.sentAt = this.#handedAt;
    this.#send(uid, [...view.clients], view.take(), { events, lost, seq });
  }

  #tellDropped(view: View): void {
    if (view.dropped === 0) return;
    this.#tellLoss(view, view.droppedSeq, view.droppedSince, view.dropped, GAP_REASON.reader);
    view.dropped = 0;
  }

  #tellLoss(view: View, seq: number, since: number, lost: number, reason: number): void {
    const { lines } = this.#host;
    lines.seq = seq;
    const line = lines.line(gapOf(since, this.#host.now(), lost, reason), this.#host.epoch());
    this.#send(payer(view.peer), [...view.clients], utf8(line), { events: 0, lost, seq });
  }

  #send(
    uid: number,
    clients: readonly number[],
    chunk: Uint8Array,
    meta: Parameters<Sender["send"]>[2],
  ): void {
    this.#untaken.add(uid, chunk.length);
    this.#sender.send(clients, chunk, meta);
  }

  /** Connections of some subscribers, by whose share what they are sent counts in. */
  #clientsOf(which: (subscriber: Subscriber) => boolean): Map<number, number[]> {
    const clients = new Map<number, number[]>();
    for (const subscriber of this.#subscribers.values()) {
      if (!which(subscriber)) continue;
      const { peer } = subscriber;
      const those = clients.get(payer(peer));
      if (those === undefined) clients.set(payer(peer), [peer.client]);
      else those.push(peer.client);
    }
    return clients;
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
    for (const view of this.#views.all) {
      if (this.#untaken.may(payer(view.peer))) this.#tellDropped(view);
      this.#dirty ||= view.skipped > 0;
    }
    const { lines, sequence } = this.#host;
    const at = performance.now();
    const isDue = (one: Subscriber) => dueAt(one) <= at;
    const due = [...this.#subscribers.values()].filter(isDue);
    for (const [uid, clients] of this.#clientsOf(isDue)) {
      const seq = lines.seq = sequence.last;
      const line = lines.heartbeat(this.#host.epoch(), this.#host.now());
      this.#send(uid, clients, utf8(line), { events: 0, lost: 0, seq });
    }
    for (const subscriber of due) subscriber.beatAt = at;
    this.#beatLater();
  }
}

/** When the next heartbeat of a subscriber is due, milliseconds. */
function dueAt({ wishes: { heartbeatMs }, view, beatAt }: Subscriber): number {
  // While the past is told there is no lack of lines.
  if (heartbeatMs === 0 || view === null) return Infinity;
  return Math.max(beatAt, view.sentAt) + heartbeatMs;
}
