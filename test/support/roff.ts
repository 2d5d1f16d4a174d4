/**
 * Text for troff, as pages of man(7) have it.
 *
 * @module
 */

/** What troff would take for more than text, and characters that it does not read. */
export function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha").replace(/[^\0-\x7f]/gu, named).replace(/^([.'])/gm, "\\&$1");
}

function named(character: string): string {
  return `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** The same as one argument of a macro. */
export function roffWord(text: string): string {
  return `"${roff(text).replaceAll('"', "\\(dq")}"`;
}

/** The first line of a page. */
export function titleLine(name: string, section: number, manual: string): string {
  return `.TH ${name.toUpperCase()} ${section} "" "fh" "${manual}"\n`;
}
