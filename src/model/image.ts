/**
 * What a process runs: the program image that exec sets and fork inherits.
 *
 * Bytes are kept as the kernel gave them; a string is made when somebody asks for one.
 *
 * @module
 */
import type { Redact } from "../redact/redact.ts";
import { isDeletedOf, withoutDeleted } from "./deleted.ts";
import { cutBetweenCharacters } from "./text_cut.ts";

/** The parts of an image, in the order they are encoded. */
export const IMAGE_PARTS = ["argv", "exe", "cwd", "cgroup", "comm", "env"] as const;

/** Raw parts as read from /proc; null where a part could not be read. */
export interface ImageParts {
  /** /proc/PID/cmdline. */
  argv: Uint8Array | null;
  /** Target of /proc/PID/exe. */
  exe: Uint8Array | null;
  /** Target of /proc/PID/cwd. */
  cwd: Uint8Array | null;
  /** /proc/PID/cgroup. */
  cgroup: Uint8Array | null;
  /** /proc/PID/comm without its newline. */
  comm: Uint8Array | null;
  /** What was asked for of /proc/PID/environ. */
  env: Uint8Array | null;
  /** Bytes of the command line beyond those in `argv`, which were not kept. */
  argvMore?: number;
}

/**
 * An encoded image: six u32 lengths in the order of {@linkcode IMAGE_PARTS}, an f64 that says how
 * many bytes of the command line are missing, then the bytes of the parts.
 */
export const IMAGE_LAYOUT = {
  more: IMAGE_PARTS.length * 4,
  header: 32,
  absent: 0xffffffff,
} as const;

const { header: HEADER, absent: ABSENT, more: MORE } = IMAGE_LAYOUT;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** One buffer for all parts, as {@linkcode IMAGE_LAYOUT} says. */
export function encodeImage(parts: ImageParts): Uint8Array {
  let length = HEADER;
  for (const name of IMAGE_PARTS) length += parts[name]?.byteLength ?? 0;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = HEADER;
  view.setFloat64(MORE, parts.argvMore ?? 0, true);
  IMAGE_PARTS.forEach((name, index) => {
    const part = parts[name];
    view.setUint32(index * 4, part === null ? ABSENT : part.byteLength, true);
    if (part === null) return;
    bytes.set(part, at);
    at += part.byteLength;
  });
  return bytes;
}

/**
 * An encoded image that is short: of the command line the first `most` bytes at most, the rest is
 * counted; other parts that are longer are left out, as not known.
 */
export function shortenImage(text: Uint8Array, most: number): Uint8Array {
  const { parts } = Image.decode(text);
  const { argv } = parts;
  const kept = argv === null || argv.length <= most ? argv : startOf(argv, most);
  const whole = (part: Uint8Array | null) => part === null || part.length > most ? null : part;
  return encodeImage({
    argv: kept,
    exe: whole(parts.exe),
    cwd: whole(parts.cwd),
    cgroup: whole(parts.cgroup),
    comm: whole(parts.comm),
    env: whole(parts.env),
    argvMore: (parts.argvMore ?? 0) + (argv?.length ?? 0) - (kept?.length ?? 0),
  });
}

function startOf(argv: Uint8Array, most: number): Uint8Array {
  return argv.subarray(0, cutBetweenCharacters(argv, most));
}

/** Text of bytes that others chose; what is not UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Splits NUL-terminated strings as in /proc/PID/cmdline; an empty one at the end counts. */
export function splitArgv(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const text = decodeText(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);
  return text.split("\0");
}

/** Whether two parts do not contradict each other: one that is not known never does. */
function agree(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null || same(a, b);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** An immutable program image, shared by a process and all that inherit it. */
export class Image {
  /** Raw parts; kept as the kernel gave them. */
  readonly parts: Readonly<ImageParts>;
  /** The uid that its memory is counted for; see image_shares.ts. */
  payer = 0;
  /** Bytes that are counted; 0: it is not. */
  bytes = 0;
  /** How many processes have it, if it is counted. */
  holders = 0;
  #argv: string[] | null | undefined;
  #comm: string | null | undefined;

  /** `parts` must not be changed afterwards. */
  constructor(parts: Readonly<ImageParts>) {
    this.parts = parts;
  }

  /**
   * The image of {@linkcode encodeImage}'s bytes, which are copied; NO_IMAGE for null. A control
   * group that is still the one of `before` is the same object in both; `redact` takes the secrets
   * out of the command line.
   */
  static decode(text: Uint8Array | null, before: Image = NO_IMAGE, redact?: Redact): Image {
    if (text === null) return NO_IMAGE;
    const bytes = text.slice();
    const lengths = new Uint32Array(bytes.buffer, 0, IMAGE_PARTS.length);
    const parts: ImageParts = { ...NO_IMAGE.parts };
    parts.argvMore = new Float64Array(bytes.buffer, MORE, 1)[0]!;
    let at = HEADER;
    for (let index = 0; index < IMAGE_PARTS.length; index++) {
      const length = lengths[index]!;
      if (length === ABSENT) continue;
      parts[IMAGE_PARTS[index]!] = bytes.subarray(at, at + length);
      at += length;
    }
    const { cgroup } = before.parts;
    if (cgroup !== null && parts.cgroup !== null && same(cgroup, parts.cgroup)) {
      parts.cgroup = cgroup;
    }
    if (redact !== undefined && parts.argv !== null) parts.argv = redact(parts.argv);
    return new Image(parts);
  }

  /** argv as strings; null when not known. */
  get argv(): string[] | null {
    if (this.#argv === undefined) {
      const { argv } = this.parts;
      this.#argv = argv === null ? null : splitArgv(argv);
    }
    return this.#argv;
  }

  /** Bytes of the command line that were not kept, beyond those of `argv`; 0: it is whole. */
  get argvMore(): number {
    return this.parts.argvMore ?? 0;
  }

  /** The name the kernel keeps, 15 bytes at most; null when not known. */
  get comm(): string | null {
    if (this.#comm === undefined) this.#comm = textOrNull(this.parts.comm);
    return this.#comm;
  }

  /** Path of the executable; null when not known or not permitted. */
  get exe(): string | null {
    return textOrNull(this.parts.exe);
  }

  /** The same where the file was replaced or removed since; see deleted.ts. */
  get program(): string | null {
    const { exe } = this;
    return exe === null ? null : withoutDeleted(exe);
  }

  /** Working directory at exec; null when not known or not permitted. */
  get cwd(): string | null {
    return textOrNull(this.parts.cwd);
  }

  /** /proc/PID/cgroup as read; null when not known. */
  get cgroupText(): string | null {
    return textOrNull(this.parts.cgroup);
  }

  /** Environment variables that were asked for; null when not known or not permitted. */
  get env(): Record<string, string> | null {
    const { env } = this.parts;
    if (env === null) return null;
    return Object.fromEntries(
      splitArgv(env).map((line) => {
        const at = line.indexOf("=");
        return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
      }),
    );
  }

  /** The same image under another name. */
  renamed(comm: Uint8Array): Image {
    const image = new Image({ ...this.parts, comm });
    image.payer = this.payer;
    image.bytes = this.bytes;
    return image;
  }

  /**
   * Whether what is seen later shows the same program run the same way, as far as both are known:
   * its file may have been removed in between, but does not come back.
   */
  sameProgram(later: Image): boolean {
    const [a, b] = [this.parts, later.parts];
    return agree(a.argv, b.argv) && agree(a.comm, b.comm) &&
      (agree(a.exe, b.exe) || isDeletedOf(b.exe!, a.exe!));
  }
}

function textOrNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : decodeText(bytes);
}

/** The image of a process of which nothing is known. */
export const NO_IMAGE: Image = new Image({
  argv: null,
  exe: null,
  cwd: null,
  cgroup: null,
  comm: null,
  env: null,
  argvMore: 0,
});
