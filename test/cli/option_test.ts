import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCount } from "../../src/ask/text/values.ts";
import { command } from "../../src/cli/command.ts";
import {
  asText,
  flag,
  many,
  nameOf,
  opt,
  type OptionsOf,
  spellingOf,
  undo,
  unless,
} from "../../src/cli/option.ts";
import { fakeContext } from "../support/fake_output.ts";

const OPTIONS = [
  opt("-d, --depth <n>", parseCount, "levels"),
  many("--min-duration <time>", asText, "times"),
  flag("-q, --quiet", "silent"),
  unless("--no-fold", "unfolded"),
  many("--hide <x>", asText, "more"),
  undo("--no-hide", "nothing"),
] as const;

/** Whether two types are one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
type Flat<A> = { [Name in keyof A]: A[Name] };

test("options give a command what their flags say, typed", () => {
  // What is not so does not pass the type check.
  const same: Same<Flat<OptionsOf<typeof OPTIONS>>, {
    readonly depth?: number;
    readonly minDuration?: readonly string[];
    readonly quiet?: boolean;
    readonly hide?: false | readonly string[];
    readonly fold: boolean;
  }> = true;
  assert.ok(same);
});

test("operands give a command as many words as they say, typed", async () => {
  const given: (string | undefined)[] = [];
  const spec = command({
    name: "add",
    operands: "<job> <pid...>",
    summary: "adds",
    options: OPTIONS,
    examples: [],
    run(_context, operands, { depth, fold, json }): Promise<number> {
      const words: Same<typeof operands, readonly [string, string, ...string[]]> = true;
      const values: Same<[typeof depth, typeof fold, typeof json], [
        number | undefined,
        boolean,
        boolean,
      ]> = true;
      given.push(...operands);
      return Promise.resolve(words && values ? 0 : 1);
    },
  });
  const maybe = command({
    ...spec,
    operands: "[pid]",
    options: [],
    run: (_context, operands) => {
      const words: Same<typeof operands, readonly [] | readonly [string]> = true;
      return Promise.resolve(words ? 0 : 1);
    },
  });
  const all = command({
    ...spec,
    operands: "[command...]",
    options: [],
    run: (_context, operands) => {
      const words: Same<typeof operands, readonly string[]> = true;
      return Promise.resolve(words ? 0 : 1);
    },
  });
  for (const one of [spec, maybe, all]) {
    assert.equal(await one.run(fakeContext(), ["a", "b"], {}), 0);
  }
  assert.deepEqual(given, ["a", "b"]);
});

test("flags are read as short, long and what the value is called", () => {
  const rows = [
    ["-p, --pid <pid>", { short: "p", long: "pid", value: "pid", isSwitch: false }, "pid"],
    ["--rate <n>x", { short: null, long: "rate", value: "n", isSwitch: false }, "rate"],
    ["-V, --version", { short: "V", long: "version", value: null, isSwitch: true }, "version"],
    [
      "--no-min-duration",
      { short: null, long: "no-min-duration", value: null, isSwitch: true },
      "minDuration",
    ],
    ["--json[=<form>]", { short: null, long: "json", value: "form", isSwitch: true }, "json"],
  ] as const;
  for (const [flags, spelling, name] of rows) {
    assert.deepEqual(spellingOf({ flags }), spelling);
    assert.equal(nameOf(spelling), name);
  }
});
