/**
 * Names of files that programs make up: what of them is different each time. Pure.
 *
 * Which they are was seen with mktemp(1), gcc, rustc, CMake, Python, Perl and Node.js.
 *
 * @module
 */

/** Stands for what is different each time; a shell takes it as it is. */
export const ANY = "%";

/** Where a path can begin in a word: also behind an option of one letter, as in `-I/tmp`. */
const BEGIN = String.raw`(?<=^|[\s:=,;'"(<>|&@]|(?:^|[\s'"])-[A-Za-z])`;
/** A folder of temporary files, and the name of what is in it. */
const TEMPORARY = new RegExp(
  String.raw`${BEGIN}((?:/var)?/tmp|/dev/shm|/run/user/\d+)/([^/\s:=,;'"()<>|&]+)`,
  "g",
);

/** What is made up beyond doubt, wherever it is: a build can have a folder of its own for it. */
const ANYWHERE: readonly (readonly [RegExp, string])[] = [
  [/\b(TryCompile-)\w{6}\b/g, `$1${ANY}`],
  [/\b(cmTC_)[\da-f]{5}\b/g, `$1${ANY}`],
  [/\b(rustc)[A-Za-z\d]{6}(?=\/)/g, `$1${ANY}`],
  [/\.[a-z\d]{5,7}(?=\.rcgu\.o\b)/g, `.${ANY}`],
];
/** The same, where it does not look like a word: of gcc, and of mktemp(1). */
const UNLESS_WORD: readonly RegExp[] = [
  /\b(cc)([A-Za-z\d]{6})(?=\.(?:s|o|c|le|res|ltrans|cdtor|lto|debug)\b)/g,
  /\b(tmp\.)([A-Za-z\d]{6,})\b/g,
];
/** Below a folder of temporary files: of gcc, and of Python. */
const TEMPLATES: readonly RegExp[] = [
  /^(cc)[A-Za-z\d]{6}(?=\.|$)/,
  /^(tmp)[a-z\d_]{8}(?=\.|$)/,
  /(-)(?=[a-z\d]*[\d_])[a-z\d_]{8}$/,
];
/** Letters and digits between points and the like, as many as mktemp(3) and others make up. */
const TOKEN = /[A-Za-z\d]{6,}/g;
/** Words, as people make names of them; of six characters made up 8 % look so, of ten 1 %. */
const WORDS = /^(?:[A-Z]?[a-z]+|[A-Z]+)(?:[A-Z][a-z]{2,})*\d{0,4}$/;
/** The number of a process, or one that was drawn. */
const NUMBER = /(?<![A-Za-z\d])\d{4,}(?![A-Za-z\d])/g;

/** A word of a command line with {@linkcode ANY} in the place of what was made up. */
export function withoutMadeUp(word: string): string {
  let text = word.replace(TEMPORARY, (_, folder: string, name: string) => {
    return `${folder}/${plainName(name)}`;
  });
  for (const [pattern, plain] of ANYWHERE) text = text.replace(pattern, plain);
  for (const pattern of UNLESS_WORD) {
    text = text.replace(pattern, (whole, before: string, name: string) => {
      return WORDS.test(name) ? whole : before + ANY;
    });
  }
  return text;
}

/** A name in a folder of temporary files. */
function plainName(name: string): string {
  for (const template of TEMPLATES) {
    if (template.test(name)) return name.replace(template, `$1${ANY}`);
  }
  return name.replace(NUMBER, ANY).replace(TOKEN, (token) => WORDS.test(token) ? token : ANY);
}
