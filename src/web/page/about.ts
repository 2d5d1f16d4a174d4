/**
 * What the gateway says of itself: where it asks, and whether anything can be changed through it.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { ask } from "./api.ts";
import { chooseHost, chosenHost } from "./host_choice.ts";
import { NOWHERE, type Places } from "./routes.ts";

/** The answer to `gateway`. */
export interface GatewayFields extends Places {
  /** Why nothing can be changed; null where it can. */
  readonly unchanging: string | null;
  readonly refused: Readonly<Record<string, number>>;
  readonly streams: number;
}

/** The last that it has said; null while it has said nothing. */
export const about = signal<GatewayFields | null>(null);

/** Where is asked, as far as that is known. */
export function places(): Places {
  const { fleet, ...others } = about.value ?? NOWHERE;
  if (fleet === undefined) return others;
  return { ...others, fleet, ...chosenHost.value === "" ? {} : { host: chosenHost.value } };
}

/** Asks it; rejects with ApiError. */
export async function learn(signal?: AbortSignal): Promise<GatewayFields> {
  const answer = await ask<GatewayFields>("gateway", {}, signal);
  about.value = answer;
  // This tab has looked at a fleet before.
  if (answer.fleet === undefined && chosenHost.value !== "") chooseHost("");
  return answer;
}
