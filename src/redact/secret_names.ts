/**
 * Names of options, variables, parameters and fields whose value is a secret.
 *
 * The last word of a name says what its value is: `db-password` is a password, `password-file` is
 * a file.
 *
 * @module
 */

/** One of these stands in every name that can be secret: asked first, because it costs little. */
const MAYBE = /pass|pw|secret|token|key|auth|cookie|bearer|jwt|psk|mnemonic|pin|phrase/i;
/** Longer names are no names. */
const NAME_MAX = 100;
/** Longer values are no words that a program knows, no paths and no references. */
const PLAIN_MAX = 256;

/** Last words of names. */
const SECRET = new RegExp(
  "(?:password|passwd|passphrase|passcode|passwort|secret|token|apikey|accesskey|secretkey" +
    "|privatekey|authkey|accountkey|activationkey|licensekey|bearer|jwt|psk|mnemonic" +
    "|storepass|keypass|requirepass|masterauth|authorization)$",
);
/** Last words that mean something else at the end of a longer word, such as `compass`. */
const SECRET_ALONE = new RegExp(
  "^(?:(?:bind|db|root|admin|user|my)?pw|(?!(?:no|ask|get|set|max|min|num)pw$)[a-z]{3,16}pw" +
    "|(?!(?:com|by|tres|encom|over|under|sur|im|multi|single|one|two|first|second|re|high" +
    "|low|band|all|mat|ses|through)pass$)[a-z]{0,16}pass)$",
);
/** What stands before `key` or `keys`. */
const KEY_OF = new RegExp(
  "(?:api|access|private|secret|auth|account|shared|encryption|signing|master|subscription|hmac" +
    "|license|activation|session|storage)$",
);
/** What stands before `tokens`: alone they are what a language model counts. */
const TOKENS_OF = /^(?:api|auth|access|bearer|refresh)$/;
/** What stands before `pin` where that is no contact of a chip. */
const PIN_OF = /^(?:user|so|new|old|current|card|sim|piv|token|admin|login|unlock)$/;
/** What a name can end in without meaning something else. */
const ENDING = /^(?:\d+|base|base64|b64|value|string|plain|plaintext|hash|old|new|current)$/;
/** What a name begins with that says what to do instead of what a secret is. */
const DECISION = new RegExp(
  "^(?:no|ask|prompt|without|show|skip|disable|enable|generate|require|allow|use" +
    "|get|list|export|import|delete|edit)$",
);
/** Names that are secret as a whole. */
const WHOLE = /^(?:_auth|so-pin|user-pin|pin-value)$/i;
/** Words that are often written as two. */
const IN_TWO = /(?<![a-z\d])(pass)[-_.]?(word|phrase|code)(?![a-z\d])/i;
/** What stands before `phrase` where that opens a wallet. */
const PHRASE_OF = /^(?:seed|recovery|secret|mnemonic)$/;

/** Values that decide, and values that say where the secret stands. */
const NO_SECRET = /^(?:true|false|yes|no|on|off|none|null|undefined|stdin|-|(?:env|file|fd):.*)$/is;
const PATH = /^[\/~.$`]/;
/** `-pass 1` of encoders that go over a film twice. */
const ENCODER_PASS = /^[0-3]$/;
/** Of a person or a card: pins of chips have smaller numbers, or letters before these. */
const PIN = /^\d{4,16}$/;
/** Cookies of one value: with letters and digits, and nothing that a file has in its name. */
const COOKIE_VALUE = /^(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[\w%+-]{6,}$/;

/** Whether the value of `name` is a secret as a rule. */
export function isSecretName(name: string): boolean {
  return kindOf(name) !== null;
}

/** Whether `value`, being the value of `name`, is a secret. */
export function isSecretValue(name: string, value: string): boolean {
  if (value === "") return false;
  const kind = kindOf(name);
  if (kind === null || value.length > PLAIN_MAX) return kind !== null;
  if (NO_SECRET.test(value)) return false;
  if (kind === "key" || kind === "pwd") return !PATH.test(value);
  if (kind === "cookie") return value.includes("=") || COOKIE_VALUE.test(value);
  if (kind === "pin") return PIN.test(value);
  return kind !== "pass" || !ENCODER_PASS.test(value);
}

type Kind = "secret" | "key" | "pwd" | "cookie" | "pass" | "pin";

/** The same names come again and again. */
const known = new Map<string, Kind | null>();
const KNOWN_MAX = 1000;

/** What the value of `name` is; null when it is no secret. */
function kindOf(name: string): Kind | null {
  if (name.length > NAME_MAX || !MAYBE.test(name)) return null;
  let kind = known.get(name);
  if (kind === undefined) {
    if (known.size >= KNOWN_MAX) known.clear();
    kind = judge(name);
    known.set(name, kind);
  }
  return kind;
}

function judge(name: string): Kind | null {
  if (WHOLE.test(name.replace(/^-+/, ""))) return "secret";
  const words = wordsOf(name);
  while (words.length > 1 && ENDING.test(words.at(-1)!)) words.pop();
  const last = words.at(-1)?.replace(/\d+$/, "") ?? "";
  const before = words.at(-2);
  if (before !== undefined && DECISION.test(words[0]!)) return null;
  if (last === "key" || last === "keys") return keyKind(before);
  if (last === "pwd") return pwdKind(before);
  if (last === "cookie") return before === "erlang" ? "secret" : "cookie";
  if (last === "pin") return before === undefined || PIN_OF.test(before) ? "pin" : null;
  if (last === "phrase") return before !== undefined && PHRASE_OF.test(before) ? "secret" : null;
  if (last === "tokens") return before !== undefined && TOKENS_OF.test(before) ? "secret" : null;
  if (last === "pass" && before === undefined) return "pass";
  return SECRET.test(last) || SECRET_ALONE.test(last) ? "secret" : null;
}

function keyKind(before: string | undefined): Kind | null {
  if (before === undefined || !KEY_OF.test(before)) return null;
  return /secret|api/.test(before) ? "secret" : "key";
}

/** `PWD` is the working directory, `Pwd` in a connection string is not: the value tells. */
function pwdKind(before: string | undefined): Kind | null {
  return before === undefined || !/^(?:old|init|cur|current)$/.test(before) ? "pwd" : null;
}

/** The words of `keyStorePassword`, `KEY_STORE_PASSWORD`, `--key-store-password`, in lower case. */
function wordsOf(name: string): string[] {
  return name.replace(IN_TWO, "$1$2").replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
}
