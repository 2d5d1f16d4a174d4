/**
 * The keyboard and the mouse of a terminal, key by key.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { type Key, KeyDecoder } from "./keys.ts";

/** Mouse buttons as SGR reports, and marks around what is pasted: xterm's ctlseqs. */
const ASK = "\x1b[?1000h\x1b[?1006h\x1b[?2004h";
const LEAVE = "\x1b[?2004l\x1b[?1006l\x1b[?1000l";
const STDOUT = 1;
/** A terminal sends the whole of a sequence at once, over a slow line in pieces. */
const ESCAPE_MS = 50;

/** Whether standard input is a terminal. */
export function hasKeyboard(): boolean {
  return process.stdin.isTTY === true;
}

/** What is told. */
export interface KeyboardHandlers {
  onKey(key: Key): void;
  /** Nothing more will come. */
  onEnd(): void;
}

/**
 * Has each key told as it is pressed, and undoes that by what comes back: also for the time that
 * this program is stopped, and when it ends on a sudden.
 */
export function openKeyboard({ onKey, onEnd }: KeyboardHandlers): () => void {
  const { stdin } = process;
  const decoder = new KeyDecoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = false;
  const tell = (keys: readonly Key[]) => keys.forEach(onKey);
  const take = (piece: string | Uint8Array) => {
    clearTimeout(timer);
    tell(decoder.feed(String(piece)));
    if (decoder.waits) timer = setTimeout(() => tell(decoder.settle()), ESCAPE_MS);
  };
  const open = () => {
    isOpen = true;
    stdin.setRawMode(true);
    writeSync(STDOUT, ASK);
  };
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    try {
      writeSync(STDOUT, LEAVE);
      stdin.setRawMode(false);
    } catch {
      // The terminal is gone.
    }
  };
  stdin.setEncoding("utf8");
  stdin.on("data", take);
  stdin.on("end", onEnd);
  stdin.on("error", onEnd);
  process.on("SIGTSTP", close);
  process.on("SIGCONT", open);
  process.on("exit", close);
  open();
  return () => {
    clearTimeout(timer);
    stdin.off("data", take);
    stdin.off("end", onEnd);
    process.off("SIGTSTP", close);
    process.off("SIGCONT", open);
    process.off("exit", close);
    close();
    stdin.pause();
    stdin.unref?.();
  };
}
