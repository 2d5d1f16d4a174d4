/**
 * What a terminal showed, moment by moment, as one SVG that moves by itself.
 *
 * @module
 */

const CELL = { width: 8.4, height: 18 };
const MARGIN = 14;
/** The eight colours of a terminal, and the bright ones. */
const COLORS = [
  ...["#484f58", "#ff7b72", "#7ee787", "#d29922", "#79c0ff", "#d2a8ff", "#56d4dd", "#c9d1d9"],
  ...["#8b949e", "#ffa198", "#56d364", "#e3b341", "#a5d6ff", "#e2c5ff", "#b3f0ff", "#ffffff"],
];

/**
 * An SVG of `frames`, `{ atMs, lines }` with SGR sequences (ECMA-48) in the lines, which begins
 * anew after `lengthMs`. A line that comes several times stands in it once.
 */
export function framesToSvg({ frames, columns, rows, lengthMs }) {
  const lines = new Map();
  for (const line of frames.flatMap((frame) => frame.lines)) {
    if (line.trim() !== "" && !lines.has(line)) lines.set(line, `l${lines.size}`);
  }
  const width = Math.round(columns * CELL.width + 2 * MARGIN);
  const height = rows * CELL.height + 2 * MARGIN;
  const seconds = (lengthMs / 1000).toFixed(2);
  const groups = frames.map(({ atMs, lines: shown }, index) => {
    const until = frames[index + 1]?.atMs ?? lengthMs;
    const uses = shown.flatMap((line, row) => {
      const id = lines.get(line);
      return id === undefined ? [] : [`<use href="#${id}" y="${row * CELL.height}"/>`];
    });
    return `<g visibility="hidden">${visible(atMs, until, lengthMs, seconds)}${uses.join("")}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `width="${width}" height="${height}" role="img">`,
    "<title>A session with fh</title>",
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" ` +
    `fill="#c9d1d9" xml:space="preserve" transform="translate(${MARGIN} ${MARGIN + 14})">`,
    `<defs>${Array.from(lines, ([line, id]) => lineText(line, id)).join("\n")}</defs>`,
    ...groups,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function visible(from, until, length, seconds) {
  const [a, b] = [from / length, until / length].map((part) => part.toFixed(5));
  const [values, times] = from === 0 ? ["visible;hidden", `0;${b}`] : [
    `hidden;visible${until < length ? ";hidden" : ""}`,
    `0;${a}${until < length ? `;${b}` : ""}`,
  ];
  return `<animate attributeName="visibility" calcMode="discrete" repeatCount="indefinite" ` +
    `dur="${seconds}s" values="${values}" keyTimes="${times}"/>`;
}

/** One line: a span wherever the style changes, each at its column. */
function lineText(line, id) {
  const spans = [];
  let style = {};
  let column = 0;
  // deno-lint-ignore no-control-regex
  const bare = line.replace(/(?: |\x1b\[[\d;]*m)+$/, "");
  // deno-lint-ignore no-control-regex
  for (const [piece, codes] of bare.matchAll(/\x1b\[([\d;]*)m|[^\x1b]+/g)) {
    if (codes !== undefined) {
      style = styled(style, codes);
      continue;
    }
    spans.push(span(piece, column, style));
    column += Array.from(piece).length;
  }
  return `<text id="${id}">${spans.join("")}</text>`;
}

function span(text, column, { bold, color, dim }) {
  const weight = bold ? ' font-weight="bold"' : "";
  const fill = color === undefined ? (dim ? ' fill="#8b949e"' : "") : ` fill="${color}"`;
  const length = (Array.from(text).length * CELL.width).toFixed(1);
  const x = (column * CELL.width).toFixed(1);
  return `<tspan x="${x}" textLength="${length}"${weight}${fill}>${escaped(text)}</tspan>`;
}

function styled(before, codes) {
  const style = { ...before };
  for (const code of codes.split(";").map(Number)) {
    if (code === 0) { for (const key of Object.keys(style)) delete style[key]; }
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) delete style.bold;
    else if (code === 39) delete style.color;
    else if (code >= 30 && code <= 37) style.color = COLORS[code - 30];
    else if (code >= 90 && code <= 97) style.color = COLORS[code - 82];
  }
  return style;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(" ", "\u00a0");
}
