/**
 * Chooses the source, and says why.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { type CaptureOptions, type LiveSource, SourceRefused } from "./capture.ts";
import type { Clocks } from "./clocks.ts";
import { Connector } from "./connector/connector.ts";
import { Poller } from "./poll/poller.ts";
import type { ImageWishes } from "./proc_files.ts";

/**
 * Opens the source that was asked for, or the best one; throws {@linkcode SourceRefused}.
 * `wake` is a descriptor that ends a wait when it becomes readable.
 */
export function openLive(
  libc: Libc,
  clocks: Clocks,
  options: CaptureOptions & Pick<ImageWishes, "admit">,
  wake: number,
): LiveSource {
  if (options.source === "poll") {
    return new Poller(libc, clocks, options, wake, "it was asked for");
  }
  try {
    return new Connector(libc, clocks, options, wake);
  } catch (error) {
    if (options.source === "connector" || !(error instanceof SourceRefused)) throw error;
    return new Poller(libc, clocks, options, wake, error.message);
  }
}
