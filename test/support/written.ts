/**
 * What a recorder of a test has written.
 *
 * @module
 */
import assert from "node:assert/strict";
import { History } from "../../src/history/history.ts";
import { HistoryStore } from "../../src/history/store.ts";
import { Breath } from "../../src/steps.ts";
import type { Life } from "../../src/history/life.ts";
import { NTH_SHIFT } from "../../src/history/schema.ts";
import { EVENT, type SourceEvent } from "../../src/model/event.ts";
import { finish } from "../../src/steps.ts";
import { type Found, scan, simple } from "./events.ts";
import { TestRecorder } from "./past.ts";

/** The first process. */
export const INIT: Found = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
/** A child of it. */
export const SHELL: Found = { pid: 100, ppid: 1, start: 5e8, argv: ["/bin/sh"] };

/** What a file has, once it is closed or while it is written. */
export function ask<T>(path: string, question: (history: History) => T): T {
  const history = new History(path);
  try {
    return question(history);
  } finally {
    history.close();
  }
}

/** The only life that had a pid, linked to its ancestors. */
export function lifeOf(history: History, pid: number): Life {
  const lives = history.byPid(pid);
  assert.equal(lives.length, 1, `one life of ${pid}`);
  finish(history.lives.linkUp(lives));
  return lives[0]!;
}

/** Its marks, without the number of its tick. */
export const flagsOf = ({ flags }: Life): number => flags & ((1 << NTH_SHIFT) - 1);

/** A recorder that has seen those two. */
export function begun(): TestRecorder {
  return new TestRecorder().tell(...scan(1e9, 1e9, [INIT, SHELL]));
}

/** A process has another name. */
export function comm(time: number, pid: number, name: string): SourceEvent {
  const event = simple(EVENT.comm, time, pid);
  event.text = new TextEncoder().encode(name);
  return event;
}

/** A history as a store, whose answers come in one piece. */
export function storeOf(history: History): HistoryStore {
  return new HistoryStore(history, new Breath(new AbortController().signal));
}
