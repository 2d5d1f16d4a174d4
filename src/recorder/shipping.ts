/**
 * A recorder that ships what it keeps: in a thread that reads the file as anybody does, so that
 * nothing waits for a server; and how far that has come, or another program that ships the file.
 *
 * @module
 */
import type { ShipLag } from "../detect/ship_lag.ts";
import type { Family } from "../metrics/family.ts";
import { METRICS } from "../metrics/family.ts";
import type { Change } from "../model/machine.ts";
import { readShipStates, shipLagMs } from "../ship/state.ts";
import type { ShipSetup } from "../ship/thread/messages.ts";
import { ShipThread } from "../ship/thread/thread.ts";
import type { Sink } from "./sink.ts";
import type { World } from "./world.ts";

const MS_PER_S = 1000;

/** A sink that takes nothing: the file has it all. */
export class ShippingSink implements Sink {
  readonly intro: string;
  readonly #setup: ShipSetup;
  readonly #say: (text: string) => void;
  #thread: ShipThread | null = null;

  constructor(world: Pick<World, "say">, setup: ShipSetup) {
    this.#setup = setup;
    this.#say = (text) => world.say(text);
    this.intro = `shipping to ${setup.url}`;
  }

  note(_change: Change): void {}

  /** From here on there is something to be shipped. */
  scanned(): void {
    this.#thread ??= new ShipThread(this.#setup, this.#say);
  }

  async close(): Promise<void> {
    await this.#thread?.close();
  }
}

/** How far the places are behind that a history is shipped to, whoever ships. */
export function shipLags(history: string, now: number): ShipLag[] {
  return readShipStates(history, now).flatMap((state) => {
    const lagMs = shipLagMs(state, now);
    const { to, waiting, trouble } = state;
    return lagMs === null ? [] : [{ to, lagMs, waiting, trouble }];
  });
}

/** The same as metrics, with what was shipped. */
export function shipFamilies(history: string, now: number): Family[] {
  const states = readShipStates(history, now).filter(({ over }) => !over);
  if (states.length === 0) return [];
  const samples = (value: (state: (typeof states)[number]) => number) =>
    states.map((state) => ({ labels: [state.to], value: value(state) }));
  return [
    { ...METRICS.shipLag, samples: samples((one) => shipLagMs(one, now)! / MS_PER_S) },
    { ...METRICS.shipWaiting, samples: samples(({ waiting }) => waiting) },
    { ...METRICS.shipWorks, samples: samples(({ trouble }) => trouble === null ? 1 : 0) },
    { ...METRICS.shipped, samples: samples(({ lives }) => lives) },
    { ...METRICS.shipForgotten, samples: samples(({ forgotten }) => forgotten) },
    { ...METRICS.shipRefused, samples: samples(({ refused }) => refused) },
  ];
}
