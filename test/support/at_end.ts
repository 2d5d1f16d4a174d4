/**
 * What is to be done when the tests of a file are over: folders are removed, recorders ended.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** Does something after the last test of this file, also where Deno skips `after()`. */
export function atEnd(act: () => void): void {
  let isDone = false;
  const once = () => {
    if (!isDone) act();
    isDone = true;
  };
  after(once);
  // Deno runs no after() in a file of which one test is skipped.
  globalThis.addEventListener?.("unload", once);
}

/** A new folder in the temporary one, whose name begins so; it is removed at the end. */
export function temporaryFolder(beginning: string): string {
  const folder = mkdtempSync(join(tmpdir(), beginning));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
