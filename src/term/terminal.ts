/**
 * What happens to a terminal while a live screen is on it.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { Output } from "./output.ts";
import { LEAVE_SCREEN, type LiveScreen } from "./live.ts";

const STDOUT = 1;

/**
 * Minds the terminal: its size, Ctrl-Z and `fg`, and a sudden end; undone by what comes back.
 * `onChange` is told when all is to be drawn again.
 */
export function mindTerminal(
  { stdout }: { readonly stdout: Output },
  screen: LiveScreen,
  onChange: () => void,
): () => void {
  const suspend = async () => {
    screen.close();
    await stdout.flush();
    process.kill(process.pid, "SIGSTOP");
  };
  const resume = () => {
    screen.open();
    onChange();
  };
  const leave = () => {
    if (screen.isOpen) writeSync(STDOUT, LEAVE_SCREEN);
  };
  process.on("SIGWINCH", onChange);
  process.on("SIGTSTP", suspend);
  process.on("SIGCONT", resume);
  process.on("exit", leave);
  return () => {
    process.off("SIGWINCH", onChange);
    process.off("SIGTSTP", suspend);
    process.off("SIGCONT", resume);
    process.off("exit", leave);
  };
}
