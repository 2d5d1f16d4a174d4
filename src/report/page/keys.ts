/**
 * What keys do.
 *
 * @module
 */
import { COLOURINGS } from "./colours.ts";
import type { State } from "./state.ts";

/** Of what is seen, how far an arrow moves, and how much closer a key zooms. */
const STEP = 0.15;
const CLOSER = 0.7;

/** A key, what it does, and how it is told to people; those with no words are other names. */
export interface Key {
  readonly key: string;
  readonly says?: string;
  readonly act: (state: State) => void;
}

/** Everywhere but in fields. */
export const KEYS: readonly Key[] = [
  { key: "+", says: "closer", act: (state) => zoom(state, CLOSER) },
  { key: "=", act: (state) => zoom(state, CLOSER) },
  { key: "-", says: "further away", act: (state) => zoom(state, 1 / CLOSER) },
  { key: "0", says: "all of it", act: (state) => state.look([0, state.model.length]) },
  { key: "f", says: "fill the timeline with the chosen process", act: focus },
  { key: "n", says: "next failure", act: (state) => failure(state, 1) },
  { key: "N", says: "failure before", act: (state) => failure(state, -1) },
  { key: "c", says: "critical path on or off", act: togglePath },
  { key: "1", says: "colours say the command", act: (state) => colour(state, 0) },
  { key: "2", says: "colours say how it ended", act: (state) => colour(state, 1) },
  { key: "3", says: "colours say the CPU share", act: (state) => colour(state, 2) },
  { key: "/", says: "search", act: () => document.getElementById("search")?.focus() },
  { key: "Escape", says: "choose nothing, show all", act: letGo },
  { key: "?", says: "this help", act: (state) => state.isHelpOpen.value = true },
];

/** On the timeline. */
export const TIMELINE_KEYS: readonly Key[] = [
  { key: "ArrowLeft", says: "earlier", act: (state) => state.pan(-STEP) },
  { key: "ArrowRight", says: "later", act: (state) => state.pan(STEP) },
  { key: "Shift+ArrowUp", says: "its parent", act: (state) => kin(state, parentOf) },
  { key: "Shift+ArrowDown", says: "its first child", act: (state) => kin(state, childOf) },
  { key: "Shift+ArrowLeft", says: "the sibling before", act: (state) => kin(state, beforeOf) },
  { key: "Shift+ArrowRight", says: "the next sibling", act: (state) => kin(state, afterOf) },
  { key: "Home", act: (state) => look(state, -Infinity) },
  { key: "End", act: (state) => look(state, Infinity) },
];

/** Does what a key says; whether there is such a key. */
export function press(state: State, keys: readonly Key[], event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const isArrow = event.key.startsWith("Arrow");
  const name = event.shiftKey && isArrow ? `Shift+${event.key}` : event.key;
  const found = keys.find(({ key }) => key === name);
  if (found === undefined) return false;
  event.preventDefault();
  found.act(state);
  return true;
}

function zoom(state: State, factor: number): void {
  const [from, to] = state.view.value;
  const { selected, model } = state;
  const place = selected.value;
  const middle = place < 0 ? NaN : (model.start[place]! + model.end[place]!) / 2;
  state.zoom(factor, middle >= from && middle <= to ? middle : (from + to) / 2);
}

function look(state: State, moment: number): void {
  const [from, to] = state.view.value;
  const begin = moment < 0 ? 0 : state.model.length - (to - from);
  state.look([begin, begin + to - from]);
}

function focus(state: State): void {
  if (state.selected.value >= 0) state.focus(state.selected.value);
}

function togglePath({ isPathShown }: State): void {
  isPathShown.value = !isPathShown.value;
}

function colour({ colouring }: State, at: number): void {
  colouring.value = COLOURINGS[at]!;
}

/** Chooses the failure that ended next, or before. */
function failure(state: State, step: number): void {
  const { model, selected } = state;
  const failed = Array.from(model.failed.keys()).filter((place) => model.failed[place] === 1)
    .sort((a, b) => model.end[a]! - model.end[b]! || b - a);
  if (failed.length === 0) return;
  const at = failed.indexOf(selected.value);
  const first = step > 0 ? 0 : failed.length - 1;
  const next = at < 0 ? first : (at + step + failed.length) % failed.length;
  state.select(failed[next]!);
}

/** One thing at a time: the choice, then what is shown alone. */
function letGo(state: State): void {
  if (state.selected.value >= 0) state.select(-1);
  else if (state.within.value !== null) state.show(null);
  else state.query.value = "";
}

function kin(state: State, next: (state: State, place: number) => number): void {
  const { selected, model } = state;
  const place = selected.value < 0 ? (model.count > 0 ? 0 : -1) : next(state, selected.value);
  if (place >= 0) state.select(place);
}

function parentOf({ model }: State, place: number): number {
  return model.parent[place]!;
}

function childOf({ model }: State, place: number): number {
  return model.next[place]! > place + 1 ? place + 1 : -1;
}

function beforeOf({ model }: State, place: number): number {
  let before = -1;
  for (const sibling of model.childrenOf(model.parent[place]!)) {
    if (sibling === place) break;
    before = sibling;
  }
  return before;
}

function afterOf({ model }: State, place: number): number {
  const next = model.next[place]!;
  return next < model.count && model.parent[next] === model.parent[place] ? next : -1;
}
