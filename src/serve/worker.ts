/**
 * The socket thread: owns the connections and sleeps in epoll_wait(2).
 *
 * @module
 */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import type { Libc } from "../../ffi/libc.ts";
import { TASK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { type ConnectionLimits, Connections } from "./connections.ts";
import { SOCKET_LIMITS } from "./limits.ts";
import { CONTROL, type ServeCommand, type ServeReport, type ServeSetup } from "./messages.ts";

/** Commands taken in one turn; then it is the clients' turn. */
const COMMANDS_MAX = 256;
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** Where there are few descriptors, connections get a quarter of them. */
function limitsFor(descriptors: number): ConnectionLimits {
  const { connections: { total, reserve } } = SOCKET_LIMITS;
  const most = Math.max(2, Math.min(total, Math.floor(descriptors / 4)));
  const connections = { total: most, reserve: Math.ceil(most * reserve / total) };
  return { ...SOCKET_LIMITS, connections };
}

/** Does what the main thread asks for, and collects what it is to be told. */
class SocketThread {
  reports: ServeReport[] = [{ type: "started" }];
  closed = false;
  readonly #libc: Libc;
  readonly #setup: ServeSetup;
  readonly #control: Int32Array;
  readonly #connections: Connections;
  readonly #count = new Uint8Array(new ArrayBuffer(8));

  constructor(libc: Libc, setup: ServeSetup, limits: ConnectionLimits) {
    this.#libc = libc;
    this.#setup = setup;
    this.#control = new Int32Array(setup.control);
    const report = (one: ServeReport) => void this.reports.push(one);
    this.#connections = new Connections(libc, setup, {
      onConnect: (peer) => report({ type: "connect", peer }),
      onRequest: (client, line) => report({ type: "request", client, line }),
      onDisconnect: (client) => report({ type: "disconnect", client }),
      onDied: (tag) => report({ type: "died", tag }),
      onReady: (call) => report({ type: "ready", call }),
      onWake: () => this.#takeCommands(),
    }, limits);
  }

  turn(): void {
    this.#connections.turn(-1);
  }

  /** The flag is cleared before the port is looked at: what is posted later wakes again. */
  #takeCommands(): void {
    this.#libc.read(this.#setup.wake, this.#count);
    Atomics.store(this.#control, CONTROL.woken, 0);
    for (let taken = 0; taken < COMMANDS_MAX && !this.closed; taken++) {
      const received = receiveMessageOnPort(this.#setup.port);
      if (received === undefined) return;
      this.#run(received.message as ServeCommand);
    }
    this.#libc.write(this.#setup.wake, ONE);
  }

  #run(command: ServeCommand): void {
    const connections = this.#connections;
    switch (command.type) {
      case "answer":
        return connections.answer(command.client, command.line);
      case "send": {
        const { clients, buffer, offset, length, meta } = command;
        connections.send(clients, new Uint8Array(buffer, offset, length), meta);
        Atomics.add(this.#control, CONTROL.takenBytes, length);
        return;
      }
      case "keep":
        return connections.keep(command.client);
      case "disconnect":
        return connections.disconnect(command.client);
      case "ready":
        return connections.ready(command.client, command.call);
      case "counts": {
        const { call } = command;
        this.reports.push({ type: "counts", call, counts: [...connections.counts()] });
        return;
      }
      case "watch":
        return connections.watch(command.pidfd, command.tag);
      case "unwatch":
        return connections.unwatch(command.pidfd);
      case "close":
        this.closed = true;
    }
  }

  close(): void {
    this.#connections.close();
  }
}

async function main(port: MessagePort): Promise<void> {
  const setup = workerData as ServeSetup;
  let thread: SocketThread | null = null;
  let last: ServeReport = { type: "closed" };
  try {
    const libc = await openLibc();
    // The limits of connections are ours; the soft one of descriptors is mostly 1024.
    const descriptors = libc.raiseLimit(TASK.RLIMIT_NOFILE);
    thread = new SocketThread(libc, setup, limitsFor(descriptors));
    while (!thread.closed) {
      if (thread.reports.length > 0) {
        port.postMessage(thread.reports);
        thread.reports = [];
      }
      thread.turn();
    }
  } catch (error) {
    const { message, stack } = error as Error;
    last = { type: "failed", message, stack: stack ?? null };
  }
  // Also after an error: clients must see that nobody serves them any more.
  thread?.close();
  setup.port.close();
  port.postMessage([...thread?.reports ?? [], last]);
}

if (parentPort !== null) void main(parentPort);
