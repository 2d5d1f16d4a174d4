/**
 * A signal that is sent twice ends this program at once, whatever it does: the first asks, and a
 * handler of JavaScript is called between two pieces of work only.
 *
 * @module
 */
import { constants } from "node:os";
import { openLibc } from "../../ffi/mod.ts";

const SIGNALS = [constants.signals.SIGINT, constants.signals.SIGTERM, constants.signals.SIGQUIT];

/** Has the second SIGINT, SIGTERM or SIGQUIT do what it does to a program without a handler. */
export async function endAtSecondSignal(): Promise<void> {
  try {
    const libc = await openLibc();
    for (const signal of SIGNALS) libc.handleOnce(signal);
  } catch {
    // Without libc all is as it was.
  }
}
