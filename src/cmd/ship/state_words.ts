/**
 * How far a history was shipped, as text and JSON.
 *
 * @module
 */
import { shipLagMs, type ShipState } from "../../ship/state.ts";
import { durationWords } from "../../text/words.ts";

const NS_PER_MS = 1e6;
/** Who ships tells of it at least that often. */
const SILENT_MS = 180_000;

/** As JSON has it; times in RFC 3339. */
export interface ShippingJson {
  readonly to: string;
  /** What this host is called there; null while that is not known. */
  readonly host: string | null;
  readonly pid: number;
  /** Whether somebody ships there now. */
  readonly works: boolean;
  /** Up to when all is shipped; null: nothing is. */
  readonly shipped_until: string | null;
  /** For how long what happens waits; null where nobody was to ship any more. */
  readonly lag_ns: number | null;
  readonly waiting: number;
  /** Processes, since it began. */
  readonly shipped: number;
  readonly forgotten: number;
  /** Records that the place will never take. */
  readonly refused: number;
  readonly trouble: string | null;
}

/** A state as JSON has it. */
export function shippingFields(state: ShipState, now: number): ShippingJson {
  const { to, host, pid, at, reach, waiting, lives, forgotten, refused, trouble, over } = state;
  const lag = shipLagMs(state, now);
  return {
    ...{ to, host, pid },
    works: !over && now - at < SILENT_MS,
    shipped_until: reach === null ? null : new Date(reach).toISOString(),
    lag_ns: lag === null ? null : Math.round(lag * NS_PER_MS),
    ...{ waiting, shipped: lives, forgotten, refused, trouble },
  };
}

/** The same in one line. */
export function shippingWords(one: ShippingJson): string {
  const { to, host, works, lag_ns: lag, waiting, shipped, forgotten, refused, trouble } = one;
  const name = host === null ? "" : ` as ${host}`;
  const words = [
    `to ${to}${name}: ${shipped} shipped`,
    ...waiting > 0 ? [`${waiting} wait`] : [],
    ...lag === null ? ["it has ended"] : [`${durationWords(lag)} behind`],
    ...forgotten > 0 ? [`${forgotten} were forgotten before`] : [],
    ...refused > 0 ? [`${refused} were refused there`] : [],
    ...lag === null || works ? [] : ["nobody ships any more"],
    ...trouble === null ? [] : [trouble],
  ];
  return words.join(", ");
}
