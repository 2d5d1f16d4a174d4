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

/** Writes changes as lines of JSON. */
export class JsonLines {
  readonly #options: JsonOptions;
  readonly #clock = new WallClock();
  /** Fields that stay the same from exec to exec, by image. */
  readonly #images = new WeakMap<Image, string>();
  readonly #users = new Map<number | null, string>();

  constructor(options: JsonOptions) {
    this.#options = options;
  }

  /** The first line: which source, and why. */
  source(why: string, epoch: BootEpoch, time: number): string {
    return `${this.#head("source", epoch, time)},"why":${JSON.stringify(why)}}\n`;
  }

  /** One change as a line, newline included. */
  line(change: Change, epoch: BootEpoch): string {
    const head = this.#head(change.kind, epoch, change.time);
    const inferred = change.inferred ? ',"inferred":true' : "";
    const { process } = change;
    if (process === null) {
      const reason = GAP_WORDS[change.b] ?? "unknown";
      return `${head},"lost":${change.a},"reason":"${reason}"${inferred}}\n`;
    }
    return head + this.#process(process) + extra(change, process) + inferred + "}\n";
  }

  #head(event: string, epoch: BootEpoch, time: number): string {
    const at = this.#clock.utc(epoch, time);
    return `{"event":"${event}","time":"${at}","source":"${this.#options.source}"`;
  }

  #process(process: Process): string {
    const { boot } = this.#options;
    const parent = process.parent === null ? "null" : `"${processId(boot, process.parent)}"`;
    return `,"id":"${processId(boot, process)}","pid":${process.pid},"ppid":${process.ppid}` +
      `,"parent":${parent}${this.#user(process.uid)}${this.#image(process.image)}`;
  }

  #user(uid: number | null): string {
    let text = this.#users.get(uid);
    if (text === undefined) {
      const name = uid === null ? null : this.#options.users.name(uid);
      text = `,"uid":${uid},"user":${JSON.stringify(name)}`;
      // A name that is missing today may be there tomorrow.
      if (name !== null || uid === null) this.#users.set(uid, text);
    }
    return text;
  }

  #image(image: Image): string {
    let text = this.#images.get(image);
    if (text === undefined) {
      text = this.#describe(image);
      this.#images.set(image, text);
    }
    return text;
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

/** Fields that one kind of event has beside those of the process. */
function extra(change: Change, process: Process): string {
  switch (change.kind) {
    case "exit": {
      const { code, signal, core } = exitStatus(process.status);
      const name = signal === null ? "null" : `"${signalName(signal)}"`;
      const duration = process.durationNs;
      return `,"exit_code":${code},"signal":${name},"core":${core}` +
        `,"duration_ns":${duration === null ? null : Math.round(duration)}`;
    }
    case "uid":
      return `,"euid":${change.b >>> 0}`;
    case "gid":
      return `,"gid":${change.a >>> 0},"egid":${change.b >>> 0}`;
    case "ptrace":
      return `,"tracer":${change.a === 0 ? null : change.a},"tid":${change.tid}`;
    default:
      return "";
  }
}
