/**
 * The connections of all clients in one epoll set: accepts them, cuts what they send into lines,
 * sends what waits for them.
 *
 * @module
 */
import { check, ERRNO, errnoName } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { POLL, SOCKET, UCRED } from "../../ffi/linux.ts";
import { Shares } from "../model/shares.ts";
import { Client, type ClientLimits, READ_MAX } from "./client.ts";
import type { ClientCounts, Peer, ServeHandlers } from "./messages.ts";
import { type ShareLimits, SOCKET_LIMITS } from "./limits.ts";
import { Chunk, type ChunkMeta, ChunkPool, Outbox } from "./outbox.ts";

const { EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR, EPOLL_CLOEXEC } = POLL;
const { SOL_SOCKET, SO_PEERCRED, SOCK_NONBLOCK, SOCK_CLOEXEC, MSG_DONTWAIT, MSG_NOSIGNAL } = SOCKET;

/** The limits of connections, {@linkcode SOCKET_LIMITS} unless a test has others. */
export interface ConnectionLimits extends ClientLimits {
  readonly connections: ShareLimits;
  readonly requests: ShareLimits;
  readonly unread: ShareLimits;
  readonly events: number;
  readonly kernelBytes: number;
}

/** What {@linkcode Connections} works on. */
export interface ConnectionSetup {
  /** Descriptors that listen and do not block; close() closes them. */
  readonly listeners: readonly number[];
  /** Name of the source, for gaps. */
  readonly source: string;
  readonly euid: number;
  /** A descriptor whose readiness ends a turn's wait; null for none. It is not closed. */
  readonly wake: number | null;
}

/** Who is told what happens. */
export interface ConnectionHandlers extends ServeHandlers {
  /** What {@linkcode Connections.ready} was asked for. */
  onReady(call: number): void;
  /** The wake descriptor is readable. */
  onWake(): void;
}

/** Events of one turn, and connections taken from one descriptor in it. */
const EVENTS_MAX = 256;
const ACCEPTED_MAX = 64;
/** How long nobody is accepted when there are no descriptors or no memory left. */
const PAUSE_MS = 100;
/** Keys are what epoll(7) carries: 32 bits. */
const WAKE_KEY = 0;
const encoder = new TextEncoder();

/** Errors of accept4(2) that pass: resources come back, and the next client may be a better one. */
const PASSING: ReadonlySet<number> = new Set([
  ERRNO.EMFILE,
  ERRNO.ENFILE,
  ERRNO.ENOMEM,
  ERRNO.ENOBUFS,
  ERRNO.EPERM,
]);

/** Errors of epoll_ctl(2) when memory or fs.epoll.max_user_watches are used up. */
const NO_ROOM: ReadonlySet<number> = new Set([ERRNO.ENOMEM, ERRNO.ENOSPC]);

/** All connections. Numbers of clients that are gone are ignored everywhere. */
export class Connections {
  readonly #libc: Libc;
  readonly #setup: ConnectionSetup;
  readonly #handlers: ConnectionHandlers;
  readonly #limits: ConnectionLimits;
  readonly #epoll: number;
  readonly #clients = new Map<number, Client>();
  readonly #slots: Shares;
  readonly #requests: Shares;
  readonly #pool: ChunkPool;
  /** Those that are not read from until others of their users have let go of something. */
  readonly #starved = new Set<Client>();
  /** By the key of the epoll set. */
  readonly #byKey = new Map<number, Client>();
  readonly #listeners = new Map<number, number>();
  readonly #died = new Map<number, { readonly pidfd: number; readonly tag: number }>();
  /** Keys of the watched pidfds. */
  readonly #watched = new Map<number, number>();
  /** Those to which something happened since their state was last looked at. */
  readonly #dirty = new Set<Client>();
  readonly #ready = new Uint32Array(2 * EVENTS_MAX);
  readonly #read = new Uint8Array(new ArrayBuffer(READ_MAX));
  readonly #ucred = new DataView(new ArrayBuffer(UCRED.size));
  #last = 0;
  /** Until when nobody is accepted; null while somebody is. */
  #pausedUntil: number | null = null;

  constructor(
    libc: Libc,
    setup: ConnectionSetup,
    handlers: ConnectionHandlers,
    limits: ConnectionLimits = SOCKET_LIMITS,
  ) {
    this.#libc = libc;
    this.#setup = setup;
    this.#handlers = handlers;
    this.#limits = limits;
    this.#slots = sharesOf(limits.connections);
    this.#requests = sharesOf(limits.requests);
    this.#pool = new ChunkPool(sharesOf(limits.unread));
    this.#epoll = check("make an epoll set", libc.epollCreate(EPOLL_CLOEXEC));
    if (setup.wake !== null) this.#add(setup.wake, WAKE_KEY);
    for (const fd of setup.listeners) this.#listeners.set(this.#add(fd, this.#newKey()), fd);
  }

  /** Waits up to `timeoutMs` (below 0 for ever) for something to happen, and does what is due. */
  turn(timeoutMs: number): void {
    this.#settle();
    const events = this.#ready;
    const count = this.#libc.epollWait(this.#epoll, events, this.#timeout(timeoutMs));
    if (count < 0 && count !== -ERRNO.EINTR) check("wait for clients", count);
    let woken = false;
    const accepting: number[] = [];
    for (let i = 0; i < count; i++) {
      const key = events[i * 2 + 1]!;
      const client = this.#byKey.get(key);
      if (client !== undefined) this.#happened(client, events[i * 2]!);
      else if (key === WAKE_KEY) woken = true;
      else if (this.#listeners.has(key)) accepting.push(this.#listeners.get(key)!);
      else this.#tellDied(key);
    }
    this.#resume();
    for (const fd of accepting) this.#accept(fd);
    if (woken) this.#handlers.onWake();
    this.#settle();
  }

  /** Queues the answer to the oldest request of a client; `line` has no newline. */
  answer(client: number, line: string): void {
    const to = this.#clients.get(client);
    if (to === undefined) return;
    to.answered(line);
    this.#dirty.add(to);
    const { shares } = this.#pool;
    const uid = this.#payer(to.peer.uid);
    if (shares.left(uid) >= 0) return;
    // Who reads is not to suffer for those who do not: the kernel is given what it takes.
    for (const client of this.#dirty) client.flush();
    while (shares.left(uid) < 0 && this.#cutLargest(uid === 0 ? shares.largest ?? 0 : uid));
  }

  /** In whose share a user's connections count: who runs the server has root's. */
  #payer(uid: number): number {
    return uid === this.#setup.euid ? 0 : uid;
  }

  /** Queues lines of events for several clients; the bytes are not changed any more. */
  send(clients: readonly number[], bytes: Uint8Array, meta: ChunkMeta): void {
    const chunk = new Chunk(bytes, meta);
    for (const number of clients) {
      const client = this.#clients.get(number);
      if (client === undefined) continue;
      client.event(chunk);
      this.#dirty.add(client);
    }
  }

  /** The client has a subscription: it stays when it has shut down its writing side. */
  keep(client: number): void {
    const kept = this.#clients.get(client);
    if (kept !== undefined) kept.kept = true;
  }

  /** Closes the connection when what waits for it has gone out. */
  disconnect(client: number): void {
    const leaving = this.#clients.get(client);
    if (leaving === undefined) return;
    leaving.leaving = true;
    this.#dirty.add(leaving);
  }

  /** Has `call` told when little waits for the client, or when it is gone. */
  ready(client: number, call: number): void {
    const waiter = this.#clients.get(client);
    if (waiter === undefined) return this.#handlers.onReady(call);
    waiter.calls.push(call);
    this.#dirty.add(waiter);
  }

  /** What was sent to each client. */
  counts(): Map<number, ClientCounts> {
    const counts = new Map<number, ClientCounts>();
    for (const [number, { outbox: { sent, lost, waiting } }] of this.#clients) {
      counts.set(number, { sent, lost, waiting });
    }
    return counts;
  }

  /**
   * Has `tag` told once when the process has ended, unless the kernel has no room for the watch:
   * then who signals the process finds out. The descriptor is given away.
   */
  watch(pidfd: number, tag: number): void {
    const key = this.#newKey();
    const result = this.#libc.epollAdd(this.#epoll, pidfd, EPOLLIN, key);
    if (NO_ROOM.has(-result)) return;
    check("watch a process", result);
    this.#watched.set(pidfd, key);
    this.#died.set(key, { pidfd, tag });
  }

  /**
   * Ends a watch, and closes the descriptor: closed elsewhere, its number could be that of a new
   * connection by now.
   */
  unwatch(pidfd: number): void {
    this.#forget(pidfd);
    this.#libc.close(pidfd);
  }

  #forget(pidfd: number): void {
    const key = this.#watched.get(pidfd);
    if (key === undefined) return;
    this.#watched.delete(pidfd);
    this.#died.delete(key);
    this.#libc.epollRemove(this.#epoll, pidfd);
  }

  /** Sends what clients take at once, and closes all but the wake descriptor and the pidfds. */
  close(): void {
    for (const client of this.#clients.values()) client.leaving = true;
    for (const client of [...this.#clients.values()]) {
      client.blocked = false;
      client.flush();
      this.#drop(client);
    }
    for (const fd of this.#listeners.values()) this.#libc.close(fd);
    this.#libc.close(this.#epoll);
  }

  #add(fd: number, key: number): number {
    check("watch a descriptor", this.#libc.epollAdd(this.#epoll, fd, EPOLLIN, key));
    return key;
  }

  /** A number that was never given out, and whose 32 bits stand for nothing else. */
  #newKey(): number {
    let key: number;
    do {
      key = ++this.#last >>> 0;
    } while (
      key === WAKE_KEY || this.#byKey.has(key) || this.#listeners.has(key) || this.#died.has(key)
    );
    return key;
  }

  /** Nothing is due later but the end of a pause. */
  #timeout(timeoutMs: number): number {
    if (this.#pausedUntil === null) return timeoutMs;
    const rest = Math.max(0, Math.ceil(this.#pausedUntil - performance.now()));
    return timeoutMs < 0 ? rest : Math.min(rest, timeoutMs);
  }

  #happened(client: Client, events: number): void {
    this.#dirty.add(client);
    if ((events & (EPOLLHUP | EPOLLERR)) !== 0) client.hangUp();
    else if ((events & EPOLLIN) !== 0) client.receive(this.#read);
    if ((events & EPOLLOUT) !== 0) client.blocked = false;
  }

  #tellDied(key: number): void {
    const watch = this.#died.get(key);
    if (watch === undefined) return;
    this.#forget(watch.pidfd);
    this.#handlers.onDied(watch.tag);
  }

  #accept(listener: number): void {
    for (let n = 0; n < ACCEPTED_MAX; n++) {
      const fd = this.#libc.accept4(listener, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        this.#welcome(fd);
      } else if (fd === -ERRNO.EAGAIN) {
        return;
      } else if (fd !== -ERRNO.EINTR) {
        if (!PASSING.has(-fd)) check("accept a client", fd);
        return this.#pause();
      }
    }
  }

  /** Whoever waits to be accepted would otherwise end every wait at once. */
  #pause(): void {
    this.#pausedUntil = performance.now() + PAUSE_MS;
    for (const [key, fd] of this.#listeners) this.#libc.epollModify(this.#epoll, fd, 0, key);
  }

  #resume(): void {
    if (this.#pausedUntil === null || performance.now() < this.#pausedUntil) return;
    this.#pausedUntil = null;
    for (const [key, fd] of this.#listeners) {
      this.#libc.epollModify(this.#epoll, fd, EPOLLIN, key);
    }
  }

  #welcome(fd: number): void {
    // Whoever owned a watched pidfd of this number has closed it.
    const stale = this.#watched.get(fd);
    if (stale !== undefined) this.#died.delete(stale);
    this.#watched.delete(fd);

    const { pid, uid, gid } = this.#peerOf(fd);
    const payer = this.#payer(uid);
    if (this.#slots.left(payer) < 1) return this.#refuse(fd, this.#seenOf(uid));
    const key = this.#newKey();
    const added = this.#libc.epollAdd(this.#epoll, fd, EPOLLIN, key);
    if (added < 0) return this.#refuse(fd, `the kernel watches no more (${errnoName(-added)})`);
    this.#boundKernel(fd);
    const peer: Peer = { client: this.#last, pid, uid, gid };
    const outbox = new Outbox(this.#pool, this.#setup.source, payer, this.#limits.events);
    const client = new Client(this.#libc, fd, key, peer, outbox, {
      limits: this.#limits,
      requests: this.#requests,
      uid: payer,
      onRequest: (line) => this.#handlers.onRequest(peer.client, line),
    });
    this.#clients.set(peer.client, client);
    this.#byKey.set(key, client);
    this.#slots.charge(payer, 1);
    this.#handlers.onConnect(peer);
  }

  /** What the kernel holds for who does not read counts as this process's memory, too. */
  #boundKernel(fd: number): void {
    const bytes = new Uint8Array(new Int32Array([this.#limits.kernelBytes]).buffer);
    this.#libc.setsockopt(fd, SOL_SOCKET, SOCKET.SO_SNDBUF, bytes);
  }

  #peerOf(fd: number): Omit<Peer, "client"> {
    const ucred = this.#ucred;
    const into = new Uint8Array(ucred.buffer);
    check("ask who connects", this.#libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, into));
    return {
      pid: ucred.getInt32(UCRED.pid, true),
      uid: ucred.getUint32(UCRED.uid, true),
      gid: ucred.getUint32(UCRED.gid, true),
    };
  }

  /** Why a user may not connect. */
  #seenOf(uid: number): string {
    const own = this.#slots.held(this.#payer(uid));
    if (own === 0) return `there are ${this.#slots.used} connections already`;
    return `user ${uid} has ${own} of ${this.#slots.used} connections already`;
  }

  #refuse(fd: number, seen: string): void {
    const message = `Cannot connect: ${seen}; close one first`;
    const line = { ok: false, op: null, error: "EUSERS", errno: ERRNO.EUSERS, message };
    const bytes = encoder.encode(`${JSON.stringify(line)}\n`);
    this.#libc.send(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    this.#discard(fd);
  }

  /** Closes. What was not read would reset the connection before the client has read its end. */
  #discard(fd: number): void {
    this.#libc.recv(fd, this.#read, MSG_DONTWAIT);
    this.#libc.close(fd);
  }

  /** Goes on with each client until there is nothing to do for it at once. */
  #settle(): void {
    while (this.#dirty.size > 0) {
      for (const client of this.#dirty) {
        this.#dirty.delete(client);
        client.flush();
        client.takeRequests(this.#read);
        client.count();
        if (client.isReady) this.#tellReady(client);
        if (client.isOver) this.#drop(client);
        else this.#watchFor(client);
      }
      this.#feed();
    }
  }

  /** Who was not read from for want of room is, when there is some. */
  #feed(): void {
    for (const client of this.#starved) {
      if (client.isStarved) continue;
      this.#starved.delete(client);
      this.#dirty.add(client);
    }
  }

  /**
   * Of a user, the client with the most bytes of answers: nobody's many connections push out the
   * one large answer of another. False when nothing waits for any.
   */
  #cutLargest(uid: number): boolean {
    let largest: Client | null = null;
    for (const client of this.#clients.values()) {
      if (this.#payer(client.peer.uid) !== uid) continue;
      if (client.outbox.waiting > (largest?.outbox.waiting ?? 0)) largest = client;
    }
    if (largest === null) return false;
    largest.cut();
    this.#dirty.add(largest);
    return true;
  }

  #tellReady(client: Client): void {
    for (const call of client.calls.splice(0)) this.#handlers.onReady(call);
  }

  #watchFor(client: Client): void {
    const { fd, key, wanted } = client;
    if (client.isStarved) this.#starved.add(client);
    if (wanted === client.watchedFor) return;
    client.watchedFor = wanted;
    if (wanted === null) {
      this.#libc.epollRemove(this.#epoll, fd);
    } else if (this.#libc.epollModify(this.#epoll, fd, wanted, key) < 0) {
      client.cut();
      this.#dirty.add(client);
    }
  }

  #drop(client: Client): void {
    const { client: number, uid } = client.peer;
    client.count(true);
    this.#starved.delete(client);
    this.#clients.delete(number);
    this.#byKey.delete(client.key);
    this.#dirty.delete(client);
    this.#slots.give(this.#payer(uid), 1);
    client.outbox.clear();
    this.#discard(client.fd);
    this.#tellReady(client);
    this.#handlers.onDisconnect(number);
  }
}

function sharesOf({ total, reserve, most }: ShareLimits): Shares {
  return new Shares(total, reserve, most);
}
