/**
 * Signals for which the runtime takes no handler, and which would end the program.
 *
 * @module
 */
import { TASK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";

/**
 * Ignores SIGSTKFLT and all real-time signals: whoever names the wrong pid, to `fh register` say,
 * ends no recorder. Not for who starts programs: they would ignore them, too.
 */
export async function ignoreStraySignals(): Promise<void> {
  const { SIGSTKFLT, SIGRTMIN, SIGRTMAX } = TASK;
  const libc = await openLibc();
  libc.ignoreSignal(SIGSTKFLT);
  // The C library keeps the first ones for itself, and refuses them.
  for (let signal: number = SIGRTMIN; signal <= SIGRTMAX; signal++) libc.ignoreSignal(signal);
}
