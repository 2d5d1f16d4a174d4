/**
 * What the gateway says of itself: where it asks, and whether anything can be changed through it.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { ask } from "./api.ts";
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
  return about.value ?? NOWHERE;
}

/** Asks it; rejects with ApiError. */
export async function learn(signal?: AbortSignal): Promise<GatewayFields> {
  const answer = await ask<GatewayFields>("gateway", {}, signal);
  about.value = answer;
  return answer;
}
