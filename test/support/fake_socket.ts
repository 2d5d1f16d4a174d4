/**
 * A server without a socket: what it would send is written down, and what clients would send is
 * said to it.
 *
 * @module
 */
import { RunningBoot } from "../../src/model/boot.ts";
import type { BootEpoch } from "../../src/model/batch.ts";
import { COMMON_LIMITS, CommonShares, ThreadTime } from "../../src/model/common_shares.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { type Change, Machine } from "../../src/model/machine.ts";
import { TimeShares } from "../../src/model/shares.ts";
import { Users } from "../../src/proc/passwd.ts";
import { parseFilter } from "../../src/serve/filter.ts";
import type { Past } from "../../src/serve/past.ts";
import type { Sight } from "../../src/serve/registration.ts";
import { Sequence } from "../../src/serve/sequence.ts";
import { Server, type ServerHost, type ServerSocket } from "../../src/serve/server.ts";
import type { Signals } from "../../src/serve/signals.ts";
import { JsonLines } from "../../src/view/json.ts";

/** The wall clock of boot in these tests. */
export const EPOCH = { seconds: 1_700_000_000, ns: 0 } as const;

/** A signal that was told: pidfd, signal, forker and child. */
export type Told = readonly [pidfd: number, sig: number, forker: number, child: number];

/** A kernel that takes signals: a pidfd is the pid plus 1000. */
export class FakeSignals {
  readonly told: Told[] = [];
  readonly open = new Set<number>();
  /** Answers a tell(); 0 if not given. */
  answer: (told: Told) => number = () => 0;
  /** Answers a probe(). */
  probed = 0;
  /** Answers an open(). */
  opened: (pid: number) => number = (pid) => pid + 1000;

  /** As the class wants it. */
  get signals(): Signals {
    const fake: Pick<Signals, "open" | "probe" | "tell" | "close"> = {
      open: (pid) => {
        const pidfd = this.opened(pid);
        if (pidfd >= 0) this.open.add(pidfd);
        return pidfd;
      },
      probe: () => this.probed,
      tell: (...told) => {
        const result = this.answer(told);
        if (result >= 0) this.told.push(told);
        return result;
      },
      close: (pidfd) => this.open.delete(pidfd),
    };
    return fake as Signals;
  }
}

/** One line that a client was sent. */
// deno-lint-ignore no-explicit-any
export type Line = any;

/** A socket that writes down what each client is sent. */
export class FakeSocket implements ServerSocket {
  readonly lines = new Map<number, Line[]>();
  readonly watched = new Map<number, number>();
  readonly kept = new Set<number>();
  readonly gone: number[] = [];
  unreadBytes = 0;
  /** Called by ready(). */
  onReady: (client: number) => Promise<void> = () => Promise.resolve();

  answer(client: number, line: string): void {
    this.#add(client, `${line}\n`);
  }

  send(clients: readonly number[], chunk: Uint8Array): void {
    const text = new TextDecoder().decode(chunk);
    for (const client of clients) this.#add(client, text);
  }

  keep(client: number): void {
    this.kept.add(client);
  }

  disconnect(client: number): void {
    this.gone.push(client);
  }

  ready(client: number): Promise<void> {
    return this.onReady(client);
  }

  counts(): Promise<ReadonlyMap<number, { sent: number; lost: number; waiting: number }>> {
    return Promise.resolve(new Map());
  }

  watch(pidfd: number, tag: number): void {
    this.watched.set(tag, pidfd);
  }

  unwatch(pidfd: number): void {
    this.onUnwatch(pidfd);
  }

  /** Called by unwatch(). */
  onUnwatch: (pidfd: number) => void = () => {};

  /** Takes what a client was sent. */
  take(client: number): Line[] {
    const lines = this.lines.get(client) ?? [];
    this.lines.delete(client);
    return lines;
  }

  #add(client: number, text: string): void {
    const lines = text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    this.lines.set(client, [...this.lines.get(client) ?? [], ...lines]);
  }
}

/** What a test of a server may choose. */
export interface FakeServerOptions {
  readonly past?: Past;
  readonly look?: (pid: number) => Sight | null;
  readonly seesThreads?: boolean;
  readonly euid?: number;
  /** When boot was. */
  readonly epoch?: BootEpoch;
  /** Beginning of the server, nanoseconds since boot. */
  readonly since?: number;
  /** Called with each change before the server is. */
  readonly onChange?: (change: Change) => void;
  readonly tree?: ServerHost["tree"];
  readonly more?: ServerHost["more"];
}

/** A server, its socket, and the machine whose changes it tells. */
export class ServerOfTest {
  readonly socket = new FakeSocket();
  readonly kernel = new FakeSignals();
  readonly server: Server;
  readonly machine: Machine;
  readonly sequence: Sequence;
  /** Nanoseconds since boot. */
  now = 0;
  readonly errors: Error[] = [];
  /** Clients that have gone. */
  readonly left: number[] = [];
  /** What the thread's clock shows, milliseconds: it stands still unless somebody works. */
  clockMs = 0;
  /** What passes while it does nothing. */
  restedMs = 0;
  /** What each test of a filter takes on that clock. */
  slowMs = 0;
  readonly shares: CommonShares;

  constructor(options: FakeServerOptions = {}) {
    const { epoch = EPOCH, since = 0 } = options;
    const { rate, burstMs } = COMMON_LIMITS.thread;
    const time = new ThreadTime(
      new TimeShares(rate, burstMs),
      () => this.clockMs,
      () => this.clockMs + this.restedMs,
    );
    this.shares = new CommonShares(time);
    this.sequence = new Sequence(epoch, since);
    const users = new Users(() => "root:x:0:0::/:\nann:x:1000:1000::/:\n", () => 0);
    this.machine = new Machine({
      boot: new RunningBoot("b"),
      onChange: (change) => {
        options.onChange?.(change);
        this.server.note(change);
      },
      onThread: (time, process, tid) => this.server.noteThread(time, process, tid),
    });
    const sight = (pid: number) => ({
      uid: pid >= 5000 ? 1000 : 0,
      startTicks: 0,
      comm: `p${pid}`,
    });
    this.server = new Server({
      identity: {
        version: "1",
        pid: 1,
        instance: "b-1-1",
        boot: "b",
        source: "connector",
        why: "a test",
        euid: options.euid ?? 0,
        since: 0,
        db: null,
      },
      lines: new JsonLines({ source: "connector", users, env: false }),
      users,
      sequence: this.sequence,
      past: options.past ?? null,
      signals: this.kernel.signals,
      time,
      shares: this.shares,
      seesThreads: options.seesThreads ?? true,
      epoch: () => epoch,
      now: () => this.now,
      processes: () => this.machine.processes(),
      look: options.look ?? sight,
      idOf: (pid, ticks) => `b-${pid}-${ticks}`,
      filter: (filter, { privileged }) => {
        const find = (pid: number) => this.machine.get(pid);
        const parsed = parseFilter(filter, users, { find, trusted: privileged });
        const matches = (change: Change) => {
          this.clockMs += this.slowMs;
          return parsed.live.matches(change);
        };
        return { ...parsed, live: { matches }, past: { matches } };
      },
      tree: options.tree ?? (() => Promise.resolve("[]")),
      why: () => Promise.reject(new Error("not in this test")),
      tally: () => ({ events: 0, lost: 0 }),
      more: options.more ?? {},
      onDisconnect: (client) => this.left.push(client),
      onError: (error) => this.errors.push(error),
    }, this.socket);
    this.socket.onUnwatch = (pidfd) => this.kernel.open.delete(pidfd);
    this.server.begin();
  }

  /** A client with that uid connects. */
  connect(client: number, uid = 0, pid = 100 + client): void {
    this.server.connected({ client, uid, pid });
  }

  /** What a request is answered; the first line that was sent. */
  async ask(client: number, request: unknown): Promise<Line> {
    this.socket.take(client);
    const line = typeof request === "string" ? request : JSON.stringify(request);
    this.server.requested(client, line);
    await settled();
    return this.socket.take(client)[0];
  }

  /** Subscribes; the answer, and the lines that came with it. */
  async subscribe(client: number, params: Record<string, unknown> = {}): Promise<Line[]> {
    this.server.requested(client, JSON.stringify({ op: "subscribe", heartbeat: 0, ...params }));
    await settled();
    return this.socket.take(client);
  }

  /** Events happen, and are handed on. */
  async tell(...events: readonly SourceEvent[]): Promise<void> {
    for (const event of events) this.machine.step(event);
    this.server.flush();
    await settled(30);
  }
}

/** Lets promises and timers of up to `ms` milliseconds have their turn. */
export async function settled(ms = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
