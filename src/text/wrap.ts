/**
 * Sentences on several lines.
 *
 * @module
 */
import { displayWidth, escapeText } from "./escape.ts";

/** Lines of at most `width` cells; a word that is longer stands alone. Hostile text is escaped. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of escapeText(text).split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && displayWidth(line) + 1 + displayWidth(word) <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
