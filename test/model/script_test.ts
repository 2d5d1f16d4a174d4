import assert from "node:assert/strict";
import { test } from "node:test";
import { readScript } from "../../src/model/script.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

/** The commands of a script, in the order they end; `|` stands behind those that are piped. */
function commandsOf(script: string): string[] {
  return readScript(script, 0, script.length).map(({ words, piped }) => {
    const texts = words.map(({ start, end }) => script.slice(start, end));
    return texts.map((text) => /\s/.test(text) ? `<${text}>` : text).join(" ") +
      (piped ? " |" : "");
  });
}

const SCRIPTS: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  ["  a  b\tc ", ["a b c"]],
  ["a; b && c || d & e", ["a", "b", "c", "d", "e"]],
  ["a | b |c", ["a |", "b |", "c"]],
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
