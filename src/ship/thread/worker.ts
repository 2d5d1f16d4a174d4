/**
 * The shipping thread of a recorder: reads the history that the recorder writes, as another process
 * would, and gives way to everything else.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { openLibc } from "../../../ffi/mod.ts";
import { collectNow } from "../../../ffi/runtime.ts";
import { parseFilterText } from "../../ask/filter_text.ts";
import { openUsers } from "../../proc/users.ts";
import { lifeTest } from "../filter.ts";
import { openerOf } from "../open/targets.ts";
import { ship, type ShipEvents } from "../ship.ts";
import { ShipReport } from "../told.ts";
import type { ShipMessage, ShipSetup } from "./messages.ts";

/** The last in line for a CPU, in the shortest slices. */
const NICE = 19;
const SLICE_NS = 100_000;

async function work(setup: ShipSetup, signal: AbortSignal, say: (text: string) => void) {
  const { history, url, env, host, folder, argv, filter, rate } = setup;
  // Where it is refused, the thread is an ordinary one.
  (await openLibc()).schedSlice(NICE, SLICE_NS);
  const once = false;
  const report = new ShipReport({ history, to: url, once, say, now: Date.now });
  const open = await openerOf(url, { env, host, history, folder, note: say });
  const accepts = filter === null ? null : lifeTest(parseFilterText(filter), openUsers());
  const stays = true;
  const events: ShipEvents = {
    begun: (name, where) => report.begun(name, where),
    round(round) {
      report.round(round);
      // One batch after the other would make this thread as large as many of them.
      if (round.waiting > 0) collectNow();
    },
    failed: (message, retryMs) => report.failed(message, retryMs),
  };
  await ship({ path: history, open, argv, accepts, rate, once, stays, signal }, events);
  report.ended();
}

if (parentPort !== null) {
  const port = parentPort;
  const tell = (message: ShipMessage) => port.postMessage(message);
  const ending = new AbortController();
  port.on("message", () => ending.abort("the recorder ends"));
  await work(workerData as ShipSetup, ending.signal, (say) => tell({ say }));
  // Who is told ends the thread: not every runtime lets it close the port.
  tell({ ended: true });
}
