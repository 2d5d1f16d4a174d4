/**
 * Colours of bars, for light and for dark, as a canvas takes them.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** What colours of bars say. */
export const COLOURINGS = ["command", "outcome", "cpu"] as const;

/** One of {@linkcode COLOURINGS}. */
export type Colouring = typeof COLOURINGS[number];

/** Hues far from each other and from the red of failures, the first for what matters most. */
const HUES = [250, 150, 70, 315, 200, 115, 285, 175, 340, 225, 90, 45];
/** Steps from no CPU at all to one CPU all the time. */
const CPU_STEPS = 6;

/** What a colour stands for. */
export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** Name of the command that it stands for, and for no other. */
  readonly command?: string;
}

/** A number of a colour for each process, and the colours. */
export interface Paint {
  readonly index: Uint8Array;
  readonly colours: readonly string[];
  readonly legend: readonly LegendEntry[];
}

/** Colours beside those of bars. */
export interface Ink {
  readonly text: string;
  readonly onBar: string;
  readonly faint: string;
  readonly line: string;
  readonly back: string;
  readonly failed: string;
  readonly path: string;
  readonly pathEdge: string;
  readonly chosen: string;
  readonly working: string;
  readonly cpu: string;
  readonly limit: string;
  readonly mark: string;
}

/** Those of the theme; paper is light. */
export function inkOf(isDark: boolean): Ink {
  return isDark
    ? {
      text: "#e6e8eb",
      onBar: "#f4f6f8",
      faint: "#8b93a0",
      line: "#2b3038",
      back: "#16191e",
      failed: "#ff5d52",
      path: "#ffffff",
      pathEdge: "#101216",
      chosen: "#ffd54a",
      working: "#39577a",
      cpu: "#7fd39a",
      limit: "#a3abb8",
      mark: "rgba(255, 213, 74, 0.16)",
    }
    : {
      text: "#1c2026",
      onBar: "#14181d",
      faint: "#68707d",
      line: "#e4e6ea",
      back: "#ffffff",
      failed: "#d4251c",
      path: "#15181d",
      pathEdge: "#ffffff",
      chosen: "#0b57d0",
      working: "#b7cdea",
      cpu: "#188038",
      limit: "#5b6470",
      mark: "rgba(250, 190, 0, 0.20)",
    };
}

/** The colours of bars; `names` are those of commands, the first for what matters most. */
export function paintOf(
  model: Model,
  names: readonly string[],
  colouring: Colouring,
  isDark: boolean,
): Paint {
  if (colouring === "command") return byCommand(model, names, isDark);
  return colouring === "outcome" ? byOutcome(model, isDark) : byCpu(model, isDark);
}

/** Colour of the command of this rank, 0 for what matters most. */
export function commandColour(rank: number, isDark: boolean): string {
  const hue = HUES[rank];
  if (hue === undefined) return isDark ? "oklch(0.42 0.01 260)" : "oklch(0.84 0.008 260)";
  // The second six are told from the first by how light they are, too.
  const more = rank < HUES.length / 2 ? 0 : 0.06;
  return isDark ? `oklch(${0.5 - more} 0.1 ${hue})` : `oklch(${0.79 + more} 0.1 ${hue})`;
}

function byCommand(model: Model, names: readonly string[], isDark: boolean): Paint {
  const rank = new Map(names.map((name, at) => [name, Math.min(at, HUES.length)]));
  const ofName = model.head.names.map(() => -1);
  const index = new Uint8Array(model.count).fill(HUES.length);
  for (let place = 0; place < model.count; place++) {
    const name = model.name[place]!;
    if (name < 0) continue;
    if (ofName[name]! < 0) ofName[name] = rank.get(model.nameOf(place))!;
    index[place] = ofName[name]!;
  }
  const colours = Array.from({ length: HUES.length + 1 }, (_, at) => commandColour(at, isDark));
  const seen = new Set(index);
  const legend: LegendEntry[] = names.slice(0, HUES.length)
    .map((name, at) => ({ label: name, colour: colours[at]!, command: name }))
    .filter((_, at) => seen.has(at));
  if (seen.has(HUES.length)) legend.push({ label: "others", colour: colours.at(-1)! });
  return { index, colours, legend };
}

function byOutcome(model: Model, isDark: boolean): Paint {
  const colours = isDark
    ? ["oklch(0.42 0.05 165)", "#c83a31", "#a03fb0", "oklch(0.5 0.1 250)", "oklch(0.42 0.01 260)"]
    : [
      "oklch(0.88 0.045 165)",
      "#f0776e",
      "#d58be0",
      "oklch(0.8 0.09 250)",
      "oklch(0.84 0.01 260)",
    ];
  const labels = ["succeeded", "failed", "killed by a signal", "still running", "not known"];
  const order = { succeeded: 0, failed: 1, killed: 2, running: 3, unknown: 4 };
  const index = Uint8Array.from(model.start, (_, place) => order[model.outcomeOf(place)]);
  const seen = new Set(index);
  const legend = labels.map((label, at) => ({ label, colour: colours[at]! }))
    .filter((_, at) => seen.has(at));
  return { index, colours, legend };
}

function byCpu(model: Model, isDark: boolean): Paint {
  const steps = Array.from({ length: CPU_STEPS }, (_, at) => {
    const share = at / (CPU_STEPS - 1);
    return isDark
      ? `oklch(${0.34 + 0.34 * share} ${0.02 + 0.13 * share} ${260 - 200 * share})`
      : `oklch(${0.93 - 0.25 * share} ${0.012 + 0.15 * share} ${90 - 45 * share})`;
  });
  const colours = [...steps, isDark ? "oklch(0.3 0 0)" : "oklch(0.97 0 0)"];
  const index = Uint8Array.from(model.start, (_, place) => {
    const share = model.cpu[place]! / Math.max(1, model.end[place]! - model.start[place]!);
    return share < 0 ? CPU_STEPS : Math.min(CPU_STEPS - 1, Math.round(share * (CPU_STEPS - 1)));
  });
  const legend = steps.map((colour, at) => {
    const percent = Math.round(100 * at / (CPU_STEPS - 1));
    return { label: at === CPU_STEPS - 1 ? "100 % of a CPU or more" : `${percent} %`, colour };
  });
  if (index.includes(CPU_STEPS)) legend.push({ label: "not known", colour: colours[CPU_STEPS]! });
  return { index, colours, legend };
}
