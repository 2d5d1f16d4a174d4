/**
 * Changes as NDJSON, the format of contract: one object a line.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import { type BootClock, NO_BOOT } from "../model/boot.ts";
import { GAP_WORDS } from "../model/event.ts";
import { decodeText, type Image } from "../model/image.ts";
import type { Change, ChangeKind } from "../model/machine.ts";
import { exitStatus, type Process } from "../model/process.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Users } from "../proc/passwd.ts";
import { ByteText, decimals, utf8 } from "../text/byte_text.ts";
import { appendArgv, appendString } from "../text/json_bytes.ts";
import { jsonText } from "../text/json_text.ts";
import { WallClock } from "../text/time.ts";
import { signalName } from "../text/words.ts";
import { FRACTION_DIGITS, Holes, LineForm } from "./line_form.ts";

/** What lines have in common. */
export interface JsonOptions {
  /** Name of the source, as in the field `source`. */
  readonly source: string;
  /** The field `host`; null or not there: the lines are about one. */
  readonly host?: string | null;
  readonly users: Users;
  /** Whether the field `env` is wanted. */
  readonly env: boolean;
}

const QUOTE = 0x22;
const DASH = 0x2d;
const NULL = utf8("null");
/** Stands for the control group of a process of which none is known. */
const NO_CGROUP = new Uint8Array(0);
const PART = {
  pid: utf8('","pid":'),
  ppid: utf8(',"ppid":'),
  parent: utf8(',"parent":'),
  seq: utf8(',"seq":'),
  end: utf8("}\n"),
} as const;

/** Writes changes as lines of JSON. */
export class JsonLines {
  readonly #options: JsonOptions;
  readonly #clock = new WallClock();
  /** Fields that stay the same from exec to exec, by image. */
  readonly #images = new WeakMap<Image, Uint8Array>();
  /** Fields of a control group. */
  readonly #places = new WeakMap<Uint8Array, Uint8Array>();
  /** Where the fields of an image are put together. */
  readonly #scratch = new ByteText(1024);
  readonly #users = new Map<number | null, { name: string | null; text: Uint8Array }>();
  /** Ends by wait status: 16 bits, so there are not many. */
  readonly #statuses = new Map<number | null, Uint8Array>();
  /** Beginnings of lines up to the fraction of the second, by event. */
  readonly #heads = new Map<string, Uint8Array>();
  #headsOf = NaN;
  readonly #holes = new Holes();
  /** Kinds of lines that one process after the other makes alike. */
  readonly #forms: Partial<Record<ChangeKind, LineForm>> = {
    fork: new LineForm(),
    exit: new LineForm(),
  };
  readonly #source: Uint8Array;
  readonly #id: Uint8Array;
  /** The boot of the last id, and what ids of that begin with. */
  #boot: BootClock = NO_BOOT;
  #bootText: Uint8Array = utf8("-");
  /** What the field `seq` of the next lines says; null leaves it out. */
  seq: number | null = null;

  constructor(options: JsonOptions) {
    this.#options = options;
    const host = options.host == null ? "" : `,"host":${jsonText(options.host)}`;
    this.#source = utf8(`Z","source":"${options.source}"${host}`);
    this.#id = utf8(',"id":"');
  }

  /** The first line: which source, and why. */
  source(why: string, epoch: BootEpoch, time: number): string {
    const line = new ByteText(256);
    this.#head("source", this.#clock.split(epoch, time), line);
    line.text(`,"why":${jsonText(why)}`);
    this.#end(line);
    return line.toString();
  }

  /** A line that says that there is nothing to say. */
  heartbeat(epoch: BootEpoch, time: number): string {
    const line = new ByteText(256);
    this.#head("heartbeat", this.#clock.split(epoch, time), line);
    this.#end(line);
    return line.toString();
  }

  /** One change as a line, newline included. */
  line(change: Change, epoch: BootEpoch): string {
    const line = new ByteText(1024);
    this.append(change, epoch, line);
    return line.toString();
  }

  /** Appends one change as a line, newline included. */
  append(change: Change, epoch: BootEpoch, to: ByteText): void {
    const second = this.#clock.split(epoch, change.time);
    const form = this.#forms[change.kind];
    const { process } = change;
    if (process === null) {
      this.#head(change.kind, second, to);
      const lost = change.a < 0 ? null : change.a;
      const since = new WallClock().utc(epoch, change.since);
      const reason = GAP_WORDS[change.b] ?? "unknown";
      to.text(`,"since":"${since}","lost":${lost},"reason":"${reason}"`);
    } else if (form === undefined || !isPlain(process)) {
      this.#anew(change, process, second, to);
    } else if (form.fits(process, second)) {
      form.write(process, this.#clock.fraction, to);
    } else {
      const from = to.length;
      this.#anew(change, process, second, to);
      // The id of a parent and the name of a user may become known later.
      const { uid, parent } = process;
      if (parent?.start !== null && (uid === null || this.#users.get(uid)?.name !== null)) {
        form.keep(process, second, this.#holes, from, to);
      }
    }
    if (process !== null) {
      if (change.kind === "exit") this.#exit(process, to);
      else if (form === undefined) this.#extra(change, to);
    }
    if (change.inferred) to.text(',"inferred":true');
    this.#end(to);
  }

  #end(to: ByteText): void {
    const { seq } = this;
    if (seq !== null) {
      // Beyond 32 bits digits are written in two halves.
      const high = Math.floor(seq / 1e9);
      to.bytes(PART.seq);
      if (high > 0) {
        to.integer(high);
        to.digits(seq - high * 1e9, 9);
      } else {
        to.integer(seq);
      }
    }
    to.bytes(PART.end);
  }

  /** What a form can repeat: the line up to where its kind matters. */
  #anew(change: Change, process: Process, second: number, to: ByteText): void {
    const from = to.length;
    this.#head(change.kind, second, to);
    this.#process(process, from, to);
    this.#holes.end = to.length - from;
  }

  #head(event: string, second: number, to: ByteText): void {
    if (second !== this.#headsOf) {
      this.#headsOf = second;
      this.#heads.clear();
    }
    let head = this.#heads.get(event);
    if (head === undefined) {
      head = utf8(`{"event":"${event}","time":"${this.#clock.secondText(second)}`);
      this.#heads.set(event, head);
    }
    to.bytes(head);
    this.#holes.fraction = head.length;
    to.digits(this.#clock.fraction, FRACTION_DIGITS);
    to.bytes(this.#source);
  }

  #process(process: Process, from: number, to: ByteText): void {
    const holes = this.#holes;
    to.bytes(this.#id);
    this.#writeId(process, to);
    to.bytes(PART.pid);
    holes.pid = to.length - from;
    to.integer(process.pid);
    // Before the pid stand `","pid":` and the id, which ends with pid, dash and ticks.
    holes.ticks = holes.pid - PART.pid.length - decimals(process.startTicks);
    holes.idPid = holes.ticks - 1 - decimals(process.pid);
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

  /** The id as the model has it; the usual form without a string. */
  #writeId(process: Process, to: ByteText): void {
    if (!isPlain(process)) {
      to.text(process.id);
      return;
    }
    if (process.boot !== this.#boot) {
      this.#boot = process.boot;
      this.#bootText = utf8(`${process.boot.shortId}-`);
    }
    to.bytes(this.#bootText);
    to.integer(process.pid);
    to.byte(DASH);
    to.integer(process.startTicks);
  }

  #user(uid: number | null): Uint8Array {
    const name = uid === null ? null : this.#options.users.name(uid);
    const known = this.#users.get(uid);
    // A name that is missing today may be there tomorrow, and a number be given to another.
    if (known !== undefined && known.name === name) return known.text;
    const text = utf8(`,"uid":${uid},"user":${jsonText(name)}`);
    this.#users.set(uid, { name, text });
    return text;
  }

  #image(image: Image): Uint8Array {
    let text = this.#images.get(image);
    if (text === undefined) {
      this.#describe(image, this.#scratch);
      text = this.#scratch.take().slice();
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

  #describe({ parts, env }: Image, to: ByteText): void {
    to.text(',"comm":');
    appendString(parts.comm, to);
    to.text(',"exe":');
    appendString(parts.exe, to);
    to.text(',"argv":');
    appendArgv(parts.argv, to);
    if (parts.argvMore) to.text(`,"argv_missing":${parts.argvMore}`);
    to.text(',"cwd":');
    appendString(parts.cwd, to);
    to.bytes(this.#place(parts.cgroup));
    if (this.#options.env) to.text(`,"env":${jsonText(env)}`);
  }

  /** Of the control group, which images share as long as it stays the same. */
  #place(cgroup: Uint8Array | null): Uint8Array {
    const key = cgroup ?? NO_CGROUP;
    let text = this.#places.get(key);
    if (text === undefined) {
      const { path, unit, container } = parseCgroup(decodeText(key));
      text = utf8("," + jsonText({ cgroup: path, unit, container }).slice(1, -1));
      this.#places.set(key, text);
    }
    return text;
  }
}

/** Whether the id is boot, pid and start, with nothing that marks it. */
function isPlain(process: Process): boolean {
  return process.start !== null && process.nth === 0;
}

/** The fields of a wait status, and the name of the one that follows them. */
function describeStatus(status: number | null): string {
  const { code, signal, core } = exitStatus(status);
  const name = signal === null ? "null" : `"${signalName(signal)}"`;
  return `,"exit_code":${code},"signal":${name},"core":${core},"duration_ns":`;
}
