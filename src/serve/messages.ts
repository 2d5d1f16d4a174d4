/**
 * What the main thread and the socket thread tell each other.
 *
 * The socket thread sleeps in epoll_wait(2), where no message reaches it: the main thread posts to
 * a port of its own and then writes to an eventfd, unless a wake-up is under way already.
 *
 * @module
 */
import type { MessagePort } from "node:worker_threads";
import type { ChunkMeta } from "./outbox.ts";

/** Who is at the other end of a connection, as the kernel says (SO_PEERCRED, unix(7)). */
export interface Peer {
  /** Number of the connection; none is ever given twice. */
  readonly client: number;
  /** 0 where it is in a pid namespace that cannot be seen from here. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Events sent to a client, those dropped for it, and bytes that wait. */
export interface ClientCounts {
  readonly sent: number;
  readonly lost: number;
  readonly waiting: number;
}

/** Slots of the memory that both threads share, 32 bits each. */
export const CONTROL = {
  /** 1: the eventfd was written to, and messages have not been looked for since. */
  woken: 0,
  /** Bytes of chunks that the socket thread has taken, modulo 2^32. */
  takenBytes: 1,
  count: 2,
} as const;

/** What the socket thread is started with. */
export interface ServeSetup {
  readonly port: MessagePort;
  readonly control: SharedArrayBuffer;
  /** The eventfd; the main thread made it and closes it. */
  readonly wake: number;
  /** Descriptors that listen; the thread closes them. */
  readonly listeners: readonly number[];
  /** Name of the source, for gaps. */
  readonly source: string;
  /** The server's user, whose connections are not limited as those of others. */
  readonly euid: number;
}

/** What the main thread asks for. */
export type ServeCommand =
  | { readonly type: "answer"; readonly client: number; readonly line: string }
  | {
    readonly type: "send";
    readonly clients: readonly number[];
    /** The chunk's bytes; not as a view, whose every byte one runtime looks at on arrival. */
    readonly buffer: ArrayBuffer;
    readonly offset: number;
    readonly length: number;
    readonly meta: ChunkMeta;
  }
  | { readonly type: "keep"; readonly client: number }
  | { readonly type: "disconnect"; readonly client: number }
  | { readonly type: "ready"; readonly client: number; readonly call: number }
  | { readonly type: "counts"; readonly call: number }
  | { readonly type: "watch"; readonly pidfd: number; readonly tag: number }
  | { readonly type: "unwatch"; readonly pidfd: number }
  | { readonly type: "close" };

/** What the socket thread tells; it posts arrays of them. */
export type ServeReport =
  | { readonly type: "started" }
  | { readonly type: "connect"; readonly peer: Peer }
  | { readonly type: "request"; readonly client: number; readonly line: string | null }
  | { readonly type: "disconnect"; readonly client: number }
  | { readonly type: "died"; readonly tag: number }
  | { readonly type: "ready"; readonly call: number }
  | {
    readonly type: "counts";
    readonly call: number;
    readonly counts: readonly (readonly [client: number, ClientCounts])[];
  }
  | { readonly type: "failed"; readonly message: string; readonly stack: string | null }
  | { readonly type: "closed" };

/** Who is told on the main thread of what happens at the sockets. */
export interface ServeHandlers {
  onConnect(peer: Peer): void;
  /** A line without its end; null for one that is too long. Each is to be answered once. */
  onRequest(client: number, line: string | null): void;
  /** Nothing comes from it any more, and nothing reaches it. */
  onDisconnect(client: number): void;
  /** The process of a watched pidfd has ended; it is watched no more. */
  onDied(tag: number): void;
}
