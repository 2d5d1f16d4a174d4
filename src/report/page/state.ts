/**
 * What the parts of a page share: what is looked at, chosen and searched for.
 *
 * @module
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type Colouring, commandColour, type Paint, paintOf } from "./colours.ts";
import { commandsOf, type CommandSum } from "./commands.ts";
import type { Stretch } from "./columns.ts";
import { Flame, type Weight } from "./flame.ts";
import { Lanes } from "./lanes.ts";
import { type Load, loadOf } from "./load.ts";
import type { Model } from "./model.ts";

/** What stands below the timeline. */
export const TABS = ["hints", "commands", "processes", "flame"] as const;

/** One of {@linkcode TABS}. */
export type Tab = typeof TABS[number];

/** Which processes are meant, beside those that are searched for. */
export type Within =
  | { readonly kind: "failed" }
  | { readonly kind: "command"; readonly name: string }
  | { readonly kind: "below"; readonly place: number }
  | { readonly kind: "hint"; readonly at: number }
  | { readonly kind: "flame"; readonly key: number };

/** Closer than this, microseconds, nothing more can be seen. */
const CLOSEST = 10;

/** The state of a page; everything else follows from it. */
export class State {
  readonly model: Model;
  readonly lanes: Lanes;
  readonly load: Load;
  readonly commands: readonly CommandSum[];
  readonly view: Signal<Stretch>;
  /** Place of the process that is chosen; -1 for none. */
  readonly selected: Signal<number> = signal(-1);
  /** Where the timeline is asked to show the chosen one; grows with each wish. */
  readonly reveal: Signal<number> = signal(0);
  readonly colouring: Signal<Colouring> = signal<Colouring>("command");
  readonly isPathShown: Signal<boolean> = signal(true);
  /** What is below the timeline at first. */
  readonly firstTab: Tab;
  readonly tab: Signal<Tab>;
  readonly query: Signal<string> = signal("");
  readonly within: Signal<Within | null> = signal<Within | null>(null);
  readonly weight: Signal<Weight> = signal<Weight>("wall");
  /** The box that fills the flame graph. */
  readonly flameTop: Signal<number> = signal(0);
  /** Whether the timeline has been drawn for the first time. */
  readonly isDrawn: Signal<boolean> = signal(false);
  readonly isHelpOpen: Signal<boolean> = signal(false);
  /** Colours of bars. */
  readonly paint: ReadonlySignal<Paint>;
  /** 1 for each process that is meant and searched for; null where all are. */
  readonly matches: ReadonlySignal<Uint8Array | null>;
  readonly isDark: Signal<boolean> = signal(false);
  #flame: Flame | null = null;
  readonly #ranks: ReadonlyMap<string, number>;

  /** `names` are those of all commands that have a colour, the first for what matters most. */
  constructor(
    model: Model,
    commands: readonly CommandSum[] = commandsOf(model),
    names: readonly string[] = commands.map(({ name }) => name),
  ) {
    this.model = model;
    this.lanes = new Lanes(model);
    this.load = loadOf(model);
    this.commands = commands;
    this.#ranks = new Map(names.map((name, rank) => [name, rank]));
    this.view = signal<Stretch>([0, model.length]);
    this.firstTab = model.head.hints.length > 0 ? "hints" : "commands";
    this.tab = signal(this.firstTab);
    this.paint = computed(() => {
      return paintOf(model, names, this.colouring.value, this.isDark.value);
    });
    const found = computed(() => {
      const texts = this.query.value.split(/\s+/).filter((text) => text !== "");
      return texts.length === 0 ? null : model.search(texts);
    });
    this.matches = computed(() => {
      const within = this.within.value;
      if (within === null) return found.value;
      const meant = this.#meant(within);
      const hits = found.value;
      return hits === null ? meant : meant.map((one, place) => one & hits[place]!);
    });
  }

  /** Made when it is first looked at. */
  get flame(): Flame {
    return this.#flame ??= new Flame(this.model);
  }

  /** The colour of a command, whatever colours of bars say. */
  colourOf(name: string): string {
    return commandColour(this.#ranks.get(name) ?? Infinity, this.isDark.value);
  }

  /** Shows a stretch, as far as there is one. */
  look([from, to]: Stretch): void {
    const width = Math.min(this.model.length, Math.max(CLOSEST, to - from));
    const middle = (from + to) / 2;
    const begin = Math.min(this.model.length - width, Math.max(0, middle - width / 2));
    this.view.value = [begin, begin + width];
  }

  /** Zooms by a factor, below 1 closer, around a moment. */
  zoom(factor: number, around: number): void {
    const [from, to] = this.view.value;
    this.look([around - (around - from) * factor, around + (to - around) * factor]);
  }

  /** Moves by a part of what is seen. */
  pan(part: number): void {
    const [from, to] = this.view.value;
    const by = (to - from) * part;
    this.look([from + by, to + by]);
  }

  /** Chooses a process, and shows where it is. */
  select(place: number, isRevealed = true): void {
    batch(() => {
      this.selected.value = place;
      if (place < 0 || !isRevealed) return;
      const { start, end } = this.model;
      const [from, to] = this.view.value;
      const isSeen = end[place]! >= from && start[place]! <= to;
      if (!isSeen) {
        const middle = (start[place]! + end[place]!) / 2;
        const width = Math.max(to - from, end[place]! - start[place]!);
        this.look([middle - width / 2, middle + width / 2]);
      }
      this.reveal.value++;
    });
  }

  /** Shows a process and a little around it. */
  focus(place: number): void {
    const [from, to] = [this.model.start[place]!, this.model.end[place]!];
    const around = Math.max(5 * CLOSEST, (to - from) * 0.1);
    batch(() => {
      this.look([from - around, to + around]);
      this.reveal.value++;
    });
  }

  /** Shows some processes alone: in all parts of the page. */
  show(within: Within | null, tab?: Tab): void {
    batch(() => {
      this.within.value = within;
      if (tab !== undefined) this.tab.value = tab;
    });
  }

  #meant(within: Within): Uint8Array {
    const { model } = this;
    const meant = new Uint8Array(model.count);
    if (within.kind === "failed") return model.failed;
    if (within.kind === "below") meant.fill(1, within.place, model.next[within.place]);
    if (within.kind === "hint") {
      for (const place of model.head.hints[within.at]?.processes ?? []) meant[place] = 1;
    }
    if (within.kind === "command") {
      for (let place = 0; place < model.count; place++) {
        if (model.nameOf(place) === within.name) meant[place] = 1;
      }
    }
    if (within.kind === "flame") {
      const keys = this.#below(within.key);
      for (let place = 0; place < model.count; place++) {
        if (keys.has(this.flame.nodeOf[place]!)) meant[place] = 1;
      }
    }
    return meant;
  }

  #below(key: number): Set<number> {
    const keys = new Set<number>();
    const waiting = [this.flame.nodes[key]!];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      keys.add(node.key);
      for (const child of node.children) waiting.push(child);
    }
    return keys;
  }
}
