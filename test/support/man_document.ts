/**
 * A document of the project as a page of man(7). Tables become lists: a first cell, and below it
 * the others.
 *
 * @module
 */
import { marked, type Token, type Tokens } from "marked";
import { roff, roffWord, titleLine } from "./roff.ts";

/** What a page has that its document does not say. */
export interface PageHead {
  /** `fh-protocol` */
  readonly name: string;
  readonly section: number;
  /** `File Formats` */
  readonly manual: string;
  /** One line. */
  readonly summary: string;
}

/** The page of a document in Markdown; its first heading is left out. */
export function documentPage({ name, section, manual, summary }: PageHead, text: string): string {
  const tokens = marked.lexer(text).filter((token) =>
    !(token.type === "heading" && isTitle(token))
  );
  return [
    titleLine(name, section, manual),
    `.SH NAME\n${roff(name)} \\- ${roff(summary)}\n.SH DESCRIPTION\n`,
    ...tokens.map(blockText),
    ".SH SEE ALSO\n.BR fh (1)\n",
  ].join("");
}

const isTitle = (token: Token) => (token as Tokens.Heading).depth === 1;

function blockText(token: Token): string {
  switch (token.type) {
    case "heading": {
      const { depth, text } = token as Tokens.Heading;
      return `.${depth === 2 ? "SH" : "SS"} ${roffWord(text.replaceAll("`", ""))}\n`;
    }
    case "paragraph":
      return `.PP\n${lineText(token)}\n`;
    case "code":
      return `.PP\n.nf\n.RS 4\n${roff((token as Tokens.Code).text)}\n.RE\n.fi\n`;
    case "list":
      return (token as Tokens.List).items.map((item) => `.IP \\(bu 2\n${itemText(item)}`).join("");
    case "table":
      return tableText(token as Tokens.Table);
    case "space":
      return "";
    default:
      throw new Error(`No page can be made of a ${token.type}: ${token.raw.slice(0, 60)}`);
  }
}

function itemText({ tokens }: Tokens.ListItem): string {
  return tokens.map((token) => token.type === "text" ? `${lineText(token)}\n` : blockText(token))
    .join("");
}

function tableText({ header, rows }: Tokens.Table): string {
  const named = header.some(({ text }) => text !== "");
  return [...named ? [header] : [], ...rows].map(([first, ...others], at) => {
    const term = lineText(first!);
    const rest = others.map(lineText).filter((text) => text !== "").join("; ");
    return `.TP\n${named && at === 0 ? `\\fI${term}\\fR` : term || "\\&"}\n${rest || "\\&"}\n`;
  }).join("");
}

/** Text of one paragraph: what is code or strong stands in bold. */
function lineText(token: Token | Tokens.TableCell): string {
  const inner = "tokens" in token ? token.tokens : undefined;
  if (inner === undefined) return roff(plain(token as Token));
  return inner.map((part) => {
    if (part.type === "codespan") return `\\fB${roff((part as Tokens.Codespan).text)}\\fR`;
    if (part.type === "strong") return `\\fB${lineText(part)}\\fR`;
    if (part.type === "em") return `\\fI${lineText(part)}\\fR`;
    return lineText(part);
  }).join("").replace(/^([.'])/gm, "\\&$1");
}

function plain(token: Token): string {
  return "text" in token ? token.text : token.raw;
}
