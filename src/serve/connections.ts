/**
 * The connections of all clients in one epoll set: accepts them, cuts what they send into lines,
 * sends what waits for them.
 *
 * @module
 */
import { check, ERRNO, errnoName } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { POLL, SOCKET, UCRED } from "../../ffi/linux.ts";
import { Client } from "./client.ts";
import type { ClientCounts, Peer, ServeHandlers } from "./messages.ts";
import {
  Chunk,
  type ChunkMeta,
  ChunkPool,
  Outbox,
  OUTBOX_LIMITS,
  type OutboxLimits,
} from "./outbox.ts";

const { EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR, EPOLL_CLOEXEC } = POLL;
const { SOL_SOCKET, SO_PEERCRED, SOCK_NONBLOCK, SOCK_CLOEXEC, MSG_DONTWAIT, MSG_NOSIGNAL } = SOCKET;

/** Limits of connections. */
export interface ConnectionLimits extends OutboxLimits {
  /** Connections in all, and those of one user who is neither root nor the server's. */
  readonly connections: number;
  readonly perUser: number;
  /** Those of all connections that only root and the server's user get. */
  readonly reserved: number;
  /** Requests of one client that are not answered yet; then it is not read from. */
  readonly unanswered: number;
  /** Characters of those requests, beyond which no further one is taken. */
  readonly unansweredText: number;
  /** Bytes of answers that wait for one client, beyond which no further request is taken. */
  readonly answers: number;
  /** Bytes of answers that wait for all clients; beyond, who has the most is disconnected. */
  readonly allAnswers: number;
  /** Bytes that wait for a client which is ready for more. */
  readonly ready: number;
}

/** The limits of docs/protocol.md, and those that keep memory bounded. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  ...OUTBOX_LIMITS,
  connections: 1024,
  perUser: 512,
  reserved: 64,
  unanswered: 64,
  unansweredText: 128 << 10,
  answers: 64 << 10,
  allAnswers: 128 << 20,
  ready: 256 << 10,
};

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

/** Events of one turn, and bytes and connections taken from one descriptor in it. */
const EVENTS_MAX = 256;
const READ_MAX = 64 << 10;
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
  readonly #ofUser = new Map<number, number>();
  readonly #pool = new ChunkPool();
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
    limits: ConnectionLimits = CONNECTION_LIMITS,
  ) {
    this.#libc = libc;
    this.#setup = setup;
    this.#handlers = handlers;
    this.#limits = limits;
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
    const { allAnswers } = this.#limits;
    if (this.#pool.answerBytes <= allAnswers) return;
    // Who reads is not to suffer for those who do not: the kernel is given what it takes.
    for (const client of this.#dirty) client.flush();
    while (this.#pool.answerBytes > allAnswers) this.#cutLargest();
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
    const most = this.#refusal(uid);
    if (most !== null) return this.#refuse(fd, most);
    const key = this.#newKey();
    const added = this.#libc.epollAdd(this.#epoll, fd, EPOLLIN, key);
    if (added < 0) return this.#refuse(fd, `the kernel watches no more (${errnoName(-added)})`);
    const peer: Peer = { client: this.#last, pid, uid, gid };
    const outbox = new Outbox(this.#pool, this.#setup.source, this.#limits);
    const client = new Client(this.#libc, fd, key, peer, outbox, {
      limits: this.#limits,
      onRequest: (line) => this.#handlers.onRequest(peer.client, line),
    });
    this.#clients.set(peer.client, client);
    this.#byKey.set(key, client);
    this.#ofUser.set(uid, (this.#ofUser.get(uid) ?? 0) + 1);
    this.#handlers.onConnect(peer);
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

  /** Why a user may not connect; null when nothing stands against it. */
  #refusal(uid: number): string | null {
    const { connections, perUser, reserved } = this.#limits;
    const isOrdinary = uid !== 0 && uid !== this.#setup.euid;
    const most = isOrdinary ? connections - reserved : connections;
    if (this.#clients.size >= most) return `there are ${most} connections already`;
    if (!isOrdinary) return null;
    const count = this.#ofUser.get(uid) ?? 0;
    return count >= perUser ? `user ${uid} has ${perUser} connections already` : null;
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
        if (client.isReady) this.#tellReady(client);
        if (client.isOver) this.#drop(client);
        else this.#watchFor(client);
      }
    }
  }

  /**
   * Of the user with the most bytes of answers, the client with the most: nobody's many
   * connections push out the one large answer of another.
   */
  #cutLargest(): void {
    const ofUser = new Map<number, number>();
    for (const { peer: { uid }, outbox: { answerBytes } } of this.#clients.values()) {
      ofUser.set(uid, (ofUser.get(uid) ?? 0) + answerBytes);
    }
    const most = Math.max(...ofUser.values());
    let largest: Client | null = null;
    for (const client of this.#clients.values()) {
      if (ofUser.get(client.peer.uid) !== most) continue;
      if (client.outbox.answerBytes > (largest?.outbox.answerBytes ?? 0)) largest = client;
    }
    largest!.cut();
    this.#dirty.add(largest!);
  }

  #tellReady(client: Client): void {
    for (const call of client.calls.splice(0)) this.#handlers.onReady(call);
  }

  #watchFor(client: Client): void {
    const { fd, key, wanted } = client;
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
    this.#clients.delete(number);
    this.#byKey.delete(client.key);
    this.#dirty.delete(client);
    const others = this.#ofUser.get(uid)! - 1;
    if (others === 0) this.#ofUser.delete(uid);
    else this.#ofUser.set(uid, others);
    client.outbox.clear();
    this.#discard(client.fd);
    this.#tellReady(client);
    this.#handlers.onDisconnect(number);
  }
}
