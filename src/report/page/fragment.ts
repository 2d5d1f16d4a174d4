/**
 * What is looked at, in the fragment of the address: a link to it shows the same.
 *
 * @module
 */
import { batch, effect } from "@preact/signals";
import { COLOURINGS } from "./colours.ts";
import { WEIGHTS } from "./flame.ts";
import { type State, TABS, type Within } from "./state.ts";

/** A moment between two steps of a hand: the address is written after it. */
const PAUSE_MS = 150;

/** Does what the address says, now and when it changes, and writes into it what is done. */
export function keepFragment(state: State): void {
  let written = location.hash;
  read(state, location.hash);
  addEventListener("hashchange", () => {
    if (location.hash !== written) read(state, location.hash);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const text = write(state);
    clearTimeout(timer);
    timer = setTimeout(() => {
      written = text === "" ? "" : `#${text}`;
      if (written !== location.hash) {
        history.replaceState(null, "", written || location.pathname + location.search);
      }
    }, PAUSE_MS);
  });
}

/** The fragment without `#`; empty where nothing was done. */
export function write(state: State): string {
  const { model, view, selected, tab, colouring, query, within, weight, isPathShown } = state;
  const parts: [string, string][] = [];
  if (selected.value >= 0) parts.push(["p", model.idOf(selected.value)]);
  const [from, to] = view.value;
  if (from > 0 || to < model.length) parts.push(["t", `${Math.round(from)}-${Math.round(to)}`]);
  if (query.value !== "") parts.push(["q", query.value]);
  if (within.value !== null) parts.push(["in", withinText(state, within.value)]);
  if (tab.value !== state.firstTab) parts.push(["tab", tab.value]);
  if (colouring.value !== "command") parts.push(["colour", colouring.value]);
  if (weight.value !== "wall") parts.push(["weight", weight.value]);
  if (!isPathShown.value) parts.push(["path", "0"]);
  return new URLSearchParams(parts).toString();
}

/** Does what a fragment says; what it does not know, or what is not there, changes nothing. */
export function read(state: State, hash: string): void {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const oneOf = <T extends string>(name: string, all: readonly T[]): T | undefined =>
    all.find((one) => one === said.get(name));
  batch(() => {
    state.query.value = said.get("q") ?? "";
    state.within.value = readWithin(state, said.get("in") ?? "");
    state.tab.value = oneOf("tab", TABS) ?? state.firstTab;
    state.colouring.value = oneOf("colour", COLOURINGS) ?? "command";
    state.weight.value = oneOf("weight", WEIGHTS) ?? "wall";
    state.isPathShown.value = said.get("path") !== "0";
    const [, from, to] = /^(\d+)-(\d+)$/.exec(said.get("t") ?? "") ?? [];
    state.look(from === undefined ? [0, state.model.length] : [Number(from), Number(to)]);
    state.select(said.has("p") ? state.model.placeOf(said.get("p")!) : -1);
  });
}

function withinText(state: State, within: Within): string {
  const { kind } = within;
  if (kind === "command") return `command:${within.name}`;
  if (kind === "below") return `below:${state.model.idOf(within.place)}`;
  if (kind === "hint") return `hint:${within.at}`;
  if (kind === "flame") return `flame:${within.key}`;
  return kind;
}

function readWithin(state: State, text: string): Within | null {
  const { model } = state;
  const [, kind, rest] = /^(\w+):?([^]*)$/.exec(text) ?? [];
  if (kind === "failed") return { kind };
  if (kind === "command" && rest !== undefined) return { kind, name: rest };
  if (kind === "below" && rest !== undefined) {
    const place = model.placeOf(rest);
    return place < 0 ? null : { kind, place };
  }
  const number = Number(rest);
  if (kind === "hint" && model.head.hints[number] !== undefined) return { kind, at: number };
  if (kind === "flame" && state.flame.nodes[number] !== undefined) return { kind, key: number };
  return null;
}
