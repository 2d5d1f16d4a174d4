/**
 * Options as typed specs: `opt("--depth <n>", parseCount, ...)` gives a command
 * `{ depth?: number }`.
 *
 * @module
 */

/**
 * What completion looks up for a value: open jobs or any, names of programs that run or ran lately,
 * files, processes by pid or name, and so on.
 */
export type Kind =
  | "any job"
  | "group"
  | "job"
  | "name"
  | "path"
  | "process"
  | "real-time signal"
  | "signal"
  | "user"
  | "when";

/** Words that completion offers for a value, what it looks up, or nothing. */
export type Offers = readonly string[] | Kind | null;

/** One option of a command. */
export interface OptionSpec<
  Flags extends string = string,
  Value = unknown,
  Initial extends true | undefined = true | undefined,
> {
  /**
   * `-p, --pid <pid>`; without a value it is a switch, `--json[=<form>]` is one that may have a
   * value.
   */
  readonly flags: Flags;
  readonly description: string;
  /** What holds when it is not given. */
  readonly initial: Initial;
  /** What completion offers for the value; where it is undefined, the word in `<>` says so. */
  readonly offers?: Offers;
  /**
   * The value that it gives: of its text (empty for a switch), and of the value that the option of
   * that name had `before`. Throws {@linkcode UsageError}.
   */
  read(text: string, before: unknown): Value;
}

type Last<Text extends string> = Text extends `${string}--${infer Long}` ? Long : never;
type Word<Text extends string> = Text extends `${infer First} ${string}` ? First
  : Text extends `${infer First}[${string}` ? First
  : Text;
type Bare<Text extends string> = Text extends `no-${infer Name}` ? Name : Text;
type Camel<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Text;
type NameOf<Flags extends string> = Camel<Bare<Word<Last<Flags>>>>;
type Always<Option> = Option extends { readonly initial: true } ? Option : never;

/** What options give a command; those of the same name give either's value. */
export type OptionsOf<Options extends readonly OptionSpec[]> =
  & {
    readonly [
      Option in Exclude<Options[number], Always<Options[number]>> as NameOf<Option["flags"]>
    ]?: ReturnType<Option["read"]>;
  }
  & {
    readonly [Option in Always<Options[number]> as NameOf<Option["flags"]>]: ReturnType<
      Option["read"]
    >;
  };

/** The value of an option that is taken as it is. */
export function asText(text: string): string {
  return text;
}

/** An option with a value, of which the last one counts. */
export function opt<Flags extends string, Value>(
  flags: Flags,
  parse: (text: string) => Value,
  description: string,
  offers?: Offers,
): OptionSpec<Flags, Value, undefined> {
  const read = (text: string) => parse(text);
  return { flags, description, initial: undefined, read, ...offers !== undefined && { offers } };
}

/** An option with a value that may be given several times: an array of all. */
export function many<Flags extends string, Value>(
  flags: Flags,
  parse: (text: string) => Value,
  description: string,
  offers?: Offers,
): OptionSpec<Flags, readonly Value[], undefined> {
  const all = (text: string, before: unknown): readonly Value[] => {
    // Before the first there may be what `--no-` has given.
    return [...Array.isArray(before) ? before : [], parse(text)];
  };
  return { ...opt(flags, parse, description, offers), read: all };
}

/** A switch: true where it is given. */
export function flag<Flags extends string>(
  flags: Flags,
  description: string,
): OptionSpec<Flags, boolean, undefined> {
  return { flags, description, initial: undefined, read: () => true };
}

/** A switch that may have a value, behind a `=`: true where it has none. */
export function maybe<Flags extends string, Value>(
  flags: Flags,
  parse: (text: string) => Value,
  description: string,
  offers: Offers,
): OptionSpec<Flags, Value | true, undefined> {
  const read = (text: string) => text === "" ? true : parse(text);
  return { flags, description, initial: undefined, read, offers };
}

/** A switch `--no-x`: x is true unless it is given. */
export function unless<Flags extends string>(
  flags: Flags,
  description: string,
): OptionSpec<Flags, boolean, true> {
  return { flags, description, initial: true, read: () => false };
}

/** A switch `--no-x` beside an option `--x`, which it takes back: x is false. */
export function undo<Flags extends string>(
  flags: Flags,
  description: string,
): OptionSpec<Flags, false, undefined> {
  return { flags, description, initial: undefined, read: () => false };
}

/** The spellings of an option. */
export interface Spelling {
  /** `p`, without its dash; null when there is none. */
  readonly short: string | null;
  /** `pid`, without its dashes. */
  readonly long: string;
  /** What the value is called: `pid`; null for a switch. */
  readonly value: string | null;
  /** Whether the value may be missing. */
  readonly isSwitch: boolean;
}

const SPELLING = /^(?:-(\w), )?--([\w-]+)(?: <(.*?)>)?(?:\[=<(.*?)>\])?/;

/** Reads `-p, --pid <pid>` and `--json[=<form>]`. */
export function spellingOf({ flags }: Pick<OptionSpec, "flags">): Spelling {
  const [, short = null, long, value = null, form = null] = SPELLING.exec(flags)!;
  return { short, long: long!, value: value ?? form, isSwitch: value === null };
}

/** Under which name a command gets what `--min-duration` or `--no-fold` gives: in camel case. */
export function nameOf({ long }: Spelling): string {
  return long.replace(/^no-/, "").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
