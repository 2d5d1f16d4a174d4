/**
 * Everything a benchmark starts or changes is undone, whatever ends it.
 *
 * @module
 */

type Undo = () => void;

const undos = new Set<Undo>();

/** Registers what undoes something; the returned function does it now, once. */
export function undoAtEnd(undo: Undo): () => void {
  const once = () => {
    if (undos.delete(once)) undo();
  };
  undos.add(once);
  return once;
}

/** Undoes everything that is still to be undone, the latest first. */
export function undoAll(): void {
  for (const undo of [...undos].reverse()) {
    try {
      undo();
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    }
  }
}

/** Undoes everything and ends on SIGINT and SIGTERM. */
export function undoOnSignals(): void {
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]] as const) {
    process.once(signal, () => {
      undoAll();
      process.exit(128 + number);
    });
  }
}

/** Sends a signal to a process that may be gone. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    return;
  }
}
