/**
 * Changes as NDJSON, the format of contract: one object a line.
 *
 * @module
 */
import { GAP_REASON } from "../model/event.ts";
import type { BootEpoch } from "../model/batch.ts";
import type { Image } from "../model/image.ts";
import type { Change } from "../model/machine.ts";
import { exitStatus, type Process, processId } from "../model/process.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Users } from "../proc/passwd.ts";
import { ByteText, utf8 } from "./byte_text.ts";
import { WallClock } from "./time.ts";
import { signalName } from "./words.ts";

/** Words of the field `reason` in a gap. */
export const GAP_WORDS: Readonly<Record<number, string>> = {
  [GAP_REASON.overflow]: "overflow",
  [GAP_REASON.missed]: "missed",
  [GAP_REASON.reader]: "slow reader",
};

/** What lines have in common. */
export interface JsonOptions {
  /** First group of the boot id. */
  readonly boot: string;
  /** Name of the source, as in the field `source`. */
  readonly source: string;
  readonly users: Users;
  /** Whether the field `env` is wanted. */
  readonly env: boolean;
}

const QUOTE = 0x22;
const DASH = 0x2d;
const NULL = utf8("null");
const FRACTION_DIGITS = 9;
const PART = {
  pid: utf8('","pid":'),
  ppid: utf8(',"ppid":'),
  parent: utf8(',"parent":'),
  end: utf8("}\n"),
} as const;

/** Writes changes as lines of JSON. */
export class JsonLines {
  readonly #options: JsonOptions;
  readonly #clock = new WallClock();
  /** Fields that stay the same from exec to exec, by image. */
  readonly #images = new WeakMap<Image, Uint8Array>();
  readonly #users = new Map<number | null, Uint8Array>();
  /** Ends by wait status: 16 bits, so there are not many. */
  readonly #statuses = new Map<number | null, Uint8Array>();
  /** Beginnings of lines up to the fraction of the second, by event. */
  readonly #heads = new Map<string, Uint8Array>();
  #headsOf = "";
  readonly #source: Uint8Array;
  readonly #id: Uint8Array;
  readonly #boot: Uint8Array;

  constructor(options: JsonOptions) {
    this.#options = options;
    this.#source = utf8(`Z","source":"${options.source}"`);
    this.#id = utf8(',"id":"');
    this.#boot = utf8(`${options.boot}-`);
  }

  /** The first line: which source, and why. */
  source(why: string, epoch: BootEpoch, time: number): string {
    const line = new ByteText(256);
    this.#head("source", epoch, time, line);
    return `${line},"why":${JSON.stringify(why)}}\n`;
  }

  /** One change as a line, newline included. */
  line(change: Change, epoch: BootEpoch): string {
    const line = new ByteText(1024);
    this.append(change, epoch, line);
    return line.toString();
  }

  /** Appends one change as a line, newline included. */
  append(change: Change, epoch: BootEpoch, to: ByteText): void {
    this.#head(change.kind, epoch, change.time, to);
    const { process } = change;
    if (process === null) {
      to.text(`,"lost":${change.a},"reason":"${GAP_WORDS[change.b] ?? "unknown"}"`);
    } else {
      this.#process(process, to);
      if (change.kind === "exit") this.#exit(process, to);
      else this.#extra(change, to);
    }
    if (change.inferred) to.text(',"inferred":true');
    to.bytes(PART.end);
  }

  #head(event: string, epoch: BootEpoch, time: number, to: ByteText): void {
    const second = this.#clock.second(epoch, time);
    if (second !== this.#headsOf) {
      this.#headsOf = second;
      this.#heads.clear();
    }
    let head = this.#heads.get(event);
    if (head === undefined) {
      head = utf8(`{"event":"${event}","time":"${second}`);
      this.#heads.set(event, head);
    }
    to.bytes(head);
    to.digits(this.#clock.fraction, FRACTION_DIGITS);
    to.bytes(this.#source);
  }

  #process(process: Process, to: ByteText): void {
    to.bytes(this.#id);
    this.#writeId(process, to);
    to.bytes(PART.pid);
    to.integer(process.pid);
    to.bytes(PART.ppid);
    if (process.ppid === null) to.bytes(NULL);
    else to.integer(process.ppid);
    to.bytes(PART.parent);
    if (process.parent === null) {
      to.bytes(NULL);
    } else {
      to.byte(QUOTE);
      this.#writeId(process.parent, to);
      to.byte(QUOTE);
    }
    to.bytes(this.#user(process.uid));
    to.bytes(this.#image(process.image));
  }

  /** The id as processId() makes it; the usual form without a string. */
  #writeId(process: Process, to: ByteText): void {
    if (process.start === null || process.nth !== 0) {
      to.text(processId(this.#options.boot, process));
      return;
    }
    to.bytes(this.#boot);
    to.integer(process.pid);
    to.byte(DASH);
    to.integer(process.startTicks);
  }

  #user(uid: number | null): Uint8Array {
    let text = this.#users.get(uid);
    if (text === undefined) {
      const name = uid === null ? null : this.#options.users.name(uid);
      text = utf8(`,"uid":${uid},"user":${JSON.stringify(name)}`);
      // A name that is missing today may be there tomorrow.
      if (name !== null || uid === null) this.#users.set(uid, text);
    }
    return text;
  }

  #image(image: Image): Uint8Array {
    let text = this.#images.get(image);
    if (text === undefined) {
      text = utf8(this.#describe(image));
      this.#images.set(image, text);
    }
    return text;
  }

  #exit(process: Process, to: ByteText): void {
    let text = this.#statuses.get(process.status);
    if (text === undefined) {
      text = utf8(describeStatus(process.status));
      this.#statuses.set(process.status, text);
    }
    to.bytes(text);
    const { durationNs } = process;
    if (durationNs === null) to.bytes(NULL);
    else to.integer(Math.round(durationNs));
  }

  /** Fields that one kind of event has beside those of the process. */
  #extra(change: Change, to: ByteText): void {
    const { kind, a, b } = change;
    if (kind === "uid") to.text(`,"euid":${b >>> 0}`);
    else if (kind === "gid") to.text(`,"gid":${a >>> 0},"egid":${b >>> 0}`);
    else if (kind === "ptrace") to.text(`,"tracer":${a === 0 ? null : a},"tid":${change.tid}`);
  }

  #describe(image: Image): string {
    const cgroup = image.cgroupText;
    const place = cgroup === null ? null : parseCgroup(cgroup);
    const fields: Record<string, unknown> = {
      comm: image.comm,
      exe: image.exe,
      argv: image.argv,
      cwd: image.cwd,
      cgroup: place?.path ?? null,
      unit: place?.unit ?? null,
      container: place?.container ?? null,
    };
    if (this.#options.env) fields["env"] = image.env;
    return "," + JSON.stringify(fields).slice(1, -1);
  }
}

/** The fields of a wait status, and the name of the one that follows them. */
function describeStatus(status: number | null): string {
  const { code, signal, core } = exitStatus(status);
  const name = signal === null ? "null" : `"${signalName(signal)}"`;
  return `,"exit_code":${code},"signal":${name},"core":${core},"duration_ns":`;
}
