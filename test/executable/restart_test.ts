/** Subscribers over restarts of the recorder: nothing twice, and nothing missing but with a gap. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect, type ServedEvent } from "../../src/library.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { Running } from "../support/running.ts";
import { ask, ServerFolder } from "../support/server.ts";
import { unless } from "../support/unless.ts";

const FORKS = 3000;

const isRoot = process.getuid?.() === 0;
const missing = programsMissing ?? connectorMissing ?? (isRoot ? null : "needs root");

/** Follows in the background, with what it was told. */
class Follower {
  readonly events: ServedEvent[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(path: string, pid: number) {
    this.#ended = this.#follow(path, pid);
  }

  async #follow(path: string, pid: number): Promise<void> {
    const filter = { pid, event: ["fork", "exit"] } as const;
    for await (const event of connect({ path, filter, signal: this.#stop.signal })) {
      this.events.push(event);
    }
  }

  of(kind: "fork" | "exit"): string[] {
    return this.events.flatMap((event) => event.event === kind ? [String(event.pid)] : []);
  }

  get gaps(): ServedEvent[] {
    return this.events.filter(({ event }) => event === "gap");
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** How many stretches of `all` are not in `some`, which is in the same order. */
function holes(all: readonly string[], some: readonly string[]): number {
  let at = 0;
  let count = 0;
  let inside = false;
  for (const one of all) {
    const there = some[at] === one;
    if (there) at++;
    if (!there && !inside) count++;
    inside = !there;
  }
  assert.equal(at, some.length, "in the order of the forks, and each once");
  return count;
}

test(
  ...unless(
    missing,
    "a subscriber goes on after a restart and after a kill, and is told each once",
  ),
  async () => {
    using folder = new ServerFolder();
    let server = await folder.record();
    await using load = Running.start([program("forks")!, "-g", "-w", "1500", String(FORKS)]);
    await load.wrote("ready");
    const follower = new Follower(folder.socket, load.pid);
    for (let told = []; told.length === 0; await delay(10)) {
      told = (await ask(folder.socket, "listeners")).subscribers;
    }
    load.tell("go");
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const seen = follower.of("fork").length;
      for (let tries = 0; follower.of("fork").length < seen + 300 && tries < 1000; tries++) {
        await delay(10);
      }
      await server.end(signal);
      await server[Symbol.asyncDispose]();
      server = await folder.record();
    }
    await using _server = server;
    const outcome = await load.end();
    const truth = outcome.stdout.split("\n").filter((line) => /^\d+ \d+$/.test(line))
      .map((line) => line.split(" ")[1]!);
    assert.equal(truth.length, FORKS);
    const last = truth.at(-1)!;
    for (let tries = 0; !follower.of("exit").includes(last) && tries < 1000; tries++) {
      await delay(
        10,
      );
    }
    await follower.end();
    const forks = follower.of("fork");
    assert.equal(new Set(forks).size, forks.length, "no fork twice");
    const exits = follower.of("exit");
    assert.equal(new Set(exits).size, exits.length, "no exit twice");
    const count = holes(truth, forks);
    assert.ok(count <= 2, `${count} stretches are missing after two restarts`);
    assert.ok(forks.length > FORKS / 2, `${forks.length} of ${FORKS} were told`);
    const unknown = follower.gaps.filter((gap) => "lost" in gap && gap.lost === null);
    assert.ok(unknown.length >= 2, "each time in which nobody recorded is told");
  },
);
