import assert from "node:assert/strict";
import { test } from "node:test";
import { readScript } from "../../src/redact/script.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

/** The commands of a script, in the order they end; behind `|` stands the one that reads it. */
function commandsOf(script: string): string[] {
  return readScript(script, 0, script.length).map(({ words, reader }) => {
    const texts = words.map(({ start, end }) => script.slice(start, end));
    return texts.map((text) => /\s/.test(text) ? `<${text}>` : text).join(" ") +
      (reader === null ? "" : " | " + script.slice(reader.words[0]!.start, reader.words[0]!.end));
  });
}

const SCRIPTS: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  ["  a  b\tc ", ["a b c"]],
  ["a; b && c || d & e", ["a", "b", "c", "d", "e"]],
  ["a | b |c", ["a | b", "b | c", "c"]],
  ["a |\nb |& c || d | 'e f' g", ["a | b", "b | c", "c", "d | e f", "e f", "<e f> g"]],
  ["a | b 'c d' | e", ["a | b", "c d", "b <c d> | e", "e"]],
  ["a; (b; c | d) | e; f", ["a", "b | e", "c | d", "d | e", "e", "f"]],
  ["a | (b; c); d", ["a | b", "b", "c", "d"]],
  ["{ a; b; } | c; d", ["a | c", "b | c", "} | c", "c", "d"]],
  ["a -f <(b; c | d) e", ["a -f <", "b | a", "c | d", "d | a", "e"]],
  [") a | b", ["a | b", "b"]],
  ["a\nb (c d) `e f`", ["a", "b", "c d", "e f"]],
  ["a $(b c)", ["a $", "b c"]],
  ["a 'b' \"c\" d'e'f", ["a b c d'e'f"]],
  ["a 'b c'", ["b c", "a <b c>"]],
  ["a --x='b c'", ["b c", "a <--x='b c'>"]],
  ["a b\\ c \\'d", ["a <b\\ c> \\'d"]],
  ['a "b \\"c d\\" e"', ["c d", "b <c d> e", 'a <b \\"c d\\" e>']],
  ["it's a; b", ["it's a", "b"]],
  ["a '' \"", ['a  "']],
];

for (const [script, commands] of SCRIPTS) {
  test(`readScript() finds the commands of ${JSON.stringify(script)}`, () => {
    assert.deepEqual(commandsOf(script), commands);
  });
}

test("readScript() reads no deeper than anybody writes", () => {
  const deep = "'\"".repeat(20) + "a b" + "\"'".repeat(20);
  assert.ok(commandsOf(deep).length < 10);
});

test("readScript() reads the part it is given, whatever stands around it", () => {
  const next = random(1);
  for (let i = 0; i < 2000; i++) {
    const [before, script, behind] = [randomText(next), randomText(next), randomText(next)];
    const start = before.length;
    const end = start + script.length;
    for (const { words } of readScript(before + script + behind, start, end)) {
      for (const word of words) {
        assert.ok(word.start >= start && word.start <= word.end && word.end <= end, script);
      }
    }
  }
});
