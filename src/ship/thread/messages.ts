/**
 * What a recorder and its shipping thread tell each other.
 *
 * @module
 */
import type { ShippingHost } from "../sink.ts";

/** What is shipped, where to and how. */
export interface ShipSetup {
  /** Path of the history. */
  readonly history: string;
  readonly url: string;
  /** Variables of the environment: where passwords are, and services. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: ShippingHost;
  /** Of who ships, for sinks that keep there how far they came. */
  readonly folder: string;
  /** Whether command lines are shipped. */
  readonly argv: boolean;
  /** A filter as one text; null: all lives are shipped. */
  readonly filter: string | null;
  /** Lives a second at most. */
  readonly rate: number;
}

/** What the thread tells. */
export type ShipMessage = { readonly say: string } | { readonly ended: true };
