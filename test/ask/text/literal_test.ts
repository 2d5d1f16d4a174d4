import assert from "node:assert/strict";
import { test } from "node:test";
import { literalsOf } from "../../../src/ask/text/literal.ts";
import { random } from "../../support/random.ts";

test("literalsOf() is what must be there", () => {
  for (
    const [pattern, literal] of [
      [/curl/, "curl"],
      [/hog\.py/, "hog.py"],
      [/hog.py/, "hog"],
      [/^\/usr\/bin\/make -j\d+$/, "/usr/bin/make"],
      [/ab+c/, "ab"],
      [/ab*cd/, "cd"],
      [/ab?/, "a"],
      [/ab{2,3}cde/, "cde"],
      [/x(?:abc)?yz/, "yz"],
      [/x(?=[)])yz/, "yz"],
      [/[abc]de/, "de"],
      [/[\]]de/, "de"],
      [/--password=\S+/, "--password="],
      [/\bcron\b/, "cron"],
      [/no such command line/, "command"],
      [/say "yes"/, "say"],
      [/a\\bcd/, "bcd"],
    ] as const
  ) assert.deepEqual(literalsOf(pattern), [literal], String(pattern));
});

test("literalsOf() has one for each alternative", () => {
  assert.deepEqual(literalsOf(/curl|wget -q|\/ftp/), ["curl", "wget", "/ftp"]);
  assert.deepEqual(literalsOf(/a[|]b|(c|d)ef/), ["a", "ef"]);
  assert.deepEqual(literalsOf(/a\|b/), ["a|b"]);
  assert.equal(literalsOf(/curl|/), null);
});

test("literalsOf() is null where nobody can tell", () => {
  for (
    const pattern of [/a|./, /./, /\d+/, /(?:ab)/, /\x41bc/, /(a)\1/, /curl/i, /\u{41}/u, /ä/, / /]
  ) assert.equal(literalsOf(pattern), null, String(pattern));
});

test("what matches has the literal in it, whatever the pattern", () => {
  const next = random(7);
  const below = (most: number) => Math.floor(next() * most);
  const pieces = [
    "a",
    "b",
    "c",
    ".",
    "a?",
    "b*",
    "c+",
    "(?:ab)",
    "(b|c)",
    "[ab]",
    "\\.",
    "\\b",
    "a{0,2}",
  ];
  let tried = 0;
  for (let i = 0; i < 3000; i++) {
    const source = Array.from({ length: 1 + below(5) }, () => pieces[below(pieces.length)]);
    const pattern = new RegExp(source.join(""));
    const literals = literalsOf(pattern);
    if (literals === null) continue;
    for (let j = 0; j < 20; j++) {
      const text = Array.from({ length: 6 }, () => "abc. "[below(5)]).join("");
      if (!pattern.test(text)) continue;
      tried++;
      assert.ok(literals.some((literal) => text.includes(literal)), `${pattern} and ${text}`);
    }
  }
  assert.ok(tried > 1000, String(tried));
});
