/**
 * Colours of the terminal, few and by meaning.
 *
 * @module
 */

/** SGR codes, ECMA-48 8.3.117. */
const SGR = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  blue: "34",
} as const;

/** Name of a style. */
export type Style = keyof typeof SGR;

/** `text` in a style, or plain. It must be free of control characters already. */
export function paint(text: string, style: Style, color: boolean): string {
  return color ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text;
}
