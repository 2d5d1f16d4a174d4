/**
 * Spans as lines of JSON, and back: what `fh run --save` and `fh report json` write
 * (docs/run-file.md). The first line is the frame, each other one a process.
 *
 * @module
 */
import { exitStatus } from "../model/process.ts";
import { jsonText } from "../text/json_text.ts";
import { signalName } from "../text/words.ts";
import type { Frame, Span, SpanCost, SpanGap, SpanImage, SpanRun, Spans } from "./span.ts";

/** Another number is another form. */
const VERSION = 1;
/** 292 years in nanoseconds: they are exact for 104 days, and fit 64 bits. */
const WHOLE_MAX = 2 ** 63 - 1024;
/** In the year 2262 nanoseconds since the Unix epoch no longer fit 63 bits; milliseconds. */
const LATEST_MS = 9_223_372_036_854;
const NS_PER_MS = 1e6;

/** The lines, each with its end. */
export function* runLines({ frame, spans, traces }: Spans): Generator<string> {
  yield `${jsonText({ ...frameJson(frame), processes: spans.length })}\n`;
  for (const span of spans) yield `${jsonText(spanJson(span, traces?.get(span.id)))}\n`;
}

function frameJson(frame: Frame): object {
  const { title, host, originMs, lengthNs, cpus, source, accounts, gaps, notes, run } = frame;
  return {
    fh: "spans",
    version: VERSION,
    title,
    host,
    origin_ms: originMs,
    length_ns: lengthNs,
    cpus,
    source,
    accounts,
    gaps: gaps.map(({ since, until, reason, lost }) => {
      return { since_ns: since, until_ns: until, reason, lost };
    }),
    notes,
    run,
  };
}

function spanJson(span: Span, trace: string | undefined): unknown {
  const { image, status } = span;
  const { code, signal } = exitStatus(status);
  return {
    id: span.id,
    parent: span.parent,
    pid: span.pid,
    ppid: span.ppid,
    host: span.host,
    start_ns: span.start,
    start_known: span.isStartKnown,
    end_ns: span.end,
    status,
    exit_code: code,
    signal: signal === null ? null : signalName(signal),
    uid: span.uid,
    user: span.user,
    jobs: span.jobs,
    ...trace === undefined ? {} : { trace },
    comm: image.name,
    argv: image.argv,
    ...image.argvMore === 0 ? {} : { argv_missing: image.argvMore },
    exe: image.exe,
    cwd: image.cwd,
    unit: image.unit,
    container: image.container,
    cost: span.cost,
  };
}

/** What is wrong with lines that are no run. */
export class RunFileError extends Error {
  /** `seen` is the end of a sentence: `line 3 has no pid`. */
  constructor(seen: string) {
    super(seen);
    this.name = "RunFileError";
  }
}

/**
 * The spans of lines, each without its end, in the order of their starts. Other fields are passed
 * over; processes that ran the same share their image.
 *
 * @throws {RunFileError} A line is not as it was written.
 */
export function readRun(lines: Iterable<string>): Spans {
  const reader = new RunReader();
  for (const line of lines) reader.add(line);
  return reader.end();
}

/** Takes the lines one by one. */
export class RunReader {
  #frame: Frame | null = null;
  readonly #spans: Span[] = [];
  readonly #images = new Map<string, SpanImage>();
  readonly #traces = new Map<string, string>();
  #line = 0;
  /** How many processes there are to be; null in files of earlier versions, and of others. */
  #count: number | null = null;
  /** The number of a line that is empty, which only the last may be. */
  #blank: number | null = null;

  /** Takes the next line; throws RunFileError where it is not as it was written. */
  add(line: string): void {
    this.#line++;
    if (this.#blank !== null) throw new RunFileError(`line ${this.#blank} is no JSON object`);
    if (this.#frame !== null && line.trim() === "") {
      this.#blank = this.#line;
      return;
    }
    const fields = new Fields(parseObject(line), `line ${this.#line}`);
    if (this.#frame !== null) {
      this.#spans.push(this.#readSpan(fields));
      return;
    }
    this.#frame = readFrame(fields);
    if (fields.has("processes")) this.#count = fields.amount("processes");
  }

  /** All that was read; throws RunFileError where there is nothing. */
  end(): Spans {
    if (this.#frame === null) throw new RunFileError("it is empty");
    const spans = this.#spans;
    if (this.#count !== null && spans.length !== this.#count) {
      const cut = spans.length < this.#count ? ": it was cut" : "";
      throw new RunFileError(`it has ${spans.length} of ${this.#count} processes${cut}`);
    }
    const inOrder = spans.every((span, at) => at === 0 || spans[at - 1]!.start <= span.start);
    if (!inOrder) spans.sort((a, b) => a.start - b.start);
    const traces = this.#traces;
    return { frame: this.#frame, spans, ...traces.size === 0 ? {} : { traces } };
  }

  #readSpan(fields: Fields): Span {
    const id = fields.text("id");
    if (fields.has("trace")) this.#traces.set(id, fields.text("trace"));
    return {
      id,
      parent: fields.textOrNull("parent"),
      pid: fields.amount("pid"),
      ppid: fields.amountOrNull("ppid"),
      host: fields.text("host"),
      start: this.#time(fields, "start_ns"),
      isStartKnown: fields.truth("start_known"),
      end: fields.value("end_ns") === null ? null : this.#time(fields, "end_ns"),
      status: fields.amountOrNull("status"),
      uid: fields.amountOrNull("uid"),
      user: fields.textOrNull("user"),
      jobs: fields.texts("jobs"),
      image: this.#readImage(fields),
      cost: readCost(fields),
    };
  }

  /** Nanoseconds since the origin. */
  #time(fields: Fields, name: string): number {
    const time = fields.number(name);
    if (this.#frame!.originMs + time / NS_PER_MS <= LATEST_MS) return time;
    throw fields.wrong(`has a time after the year 2262 (${name})`);
  }

  #readImage(fields: Fields): SpanImage {
    const image = {
      name: fields.textOrNull("comm"),
      argv: fields.textsOrNull("argv"),
      argvMore: fields.has("argv_missing") ? fields.amount("argv_missing") : 0,
      exe: fields.textOrNull("exe"),
      cwd: fields.textOrNull("cwd"),
      unit: fields.textOrNull("unit"),
      container: fields.textOrNull("container"),
    };
    const key = JSON.stringify(image);
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    this.#images.set(key, image);
    return image;
  }
}

function readFrame(fields: Fields): Frame {
  if (fields.value("fh") !== "spans") throw fields.wrong("is none of a saved run");
  if (fields.value("version") !== VERSION) throw fields.wrong("is of another version of fh");
  return {
    title: fields.text("title"),
    host: fields.text("host"),
    originMs: fields.moment("origin_ms"),
    lengthNs: fields.amount("length_ns"),
    cpus: fields.amountOrNull("cpus"),
    source: fields.textOrNull("source"),
    accounts: fields.textOrNull("accounts"),
    gaps: fields.objects("gaps").map(readGap),
    notes: fields.texts("notes"),
    run: readCommand(fields.object("run")),
  };
}

function readGap(fields: Fields): SpanGap {
  return {
    since: fields.number("since_ns"),
    until: fields.number("until_ns"),
    reason: fields.text("reason"),
    lost: fields.amountOrNull("lost"),
  };
}

function readCommand(fields: Fields | null): SpanRun | null {
  if (fields === null) return null;
  return {
    name: fields.text("name"),
    argv: fields.texts("argv"),
    status: fields.amount("status"),
    root: fields.textOrNull("root"),
  };
}

function readCost(fields: Fields): SpanCost | null {
  const cost = fields.object("cost");
  if (cost === null) return null;
  return {
    user_ns: cost.amount("user_ns"),
    system_ns: cost.amount("system_ns"),
    minor_faults: cost.amount("minor_faults"),
    major_faults: cost.amount("major_faults"),
    peak_bytes: cost.amountOrNull("peak_bytes"),
    read_bytes: cost.amount("read_bytes"),
    write_bytes: cost.amount("write_bytes"),
    voluntary_switches: cost.amount("voluntary_switches"),
    involuntary_switches: cost.amount("involuntary_switches"),
  };
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The fields of an object, each of the kind that it is asked for. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    this.#where = where;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.wrong("is no JSON object");
    }
    this.#object = value as Record<string, unknown>;
  }

  wrong(what: string): RunFileError {
    return new RunFileError(`${this.#where} ${what}`);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  value(name: string): unknown {
    return this.has(name) ? this.#object[name] : undefined;
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value === "string") return value;
    throw this.#bad(name, "text");
  }

  textOrNull(name: string): string | null {
    return this.value(name) === null ? null : this.text(name);
  }

  number(name: string): number {
    const value = this.value(name);
    if (Number.isInteger(value) && Math.abs(value as number) <= WHOLE_MAX) return value as number;
    throw this.#bad(name, "whole number");
  }

  /** Of something that there can be none of, but not less. */
  amount(name: string): number {
    const value = this.number(name);
    if (value >= 0) return value;
    throw this.wrong(`has a ${name} below 0`);
  }

  amountOrNull(name: string): number | null {
    return this.value(name) === null ? null : this.amount(name);
  }

  /** Milliseconds since the Unix epoch, which may have a fraction. */
  moment(name: string): number {
    const value = this.value(name);
    if (typeof value !== "number" || value < 0) throw this.#bad(name, "moment");
    if (value <= LATEST_MS) return value;
    throw this.wrong(`has a time after the year 2262 (${name})`);
  }

  truth(name: string): boolean {
    const value = this.value(name);
    if (typeof value === "boolean") return value;
    throw this.#bad(name, "true or false");
  }

  texts(name: string): readonly string[] {
    const value = this.value(name);
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw this.#bad(name, "list of texts");
  }

  textsOrNull(name: string): readonly string[] | null {
    return this.value(name) === null ? null : this.texts(name);
  }

  object(name: string): Fields | null {
    const value = this.value(name);
    return value === null ? null : new Fields(value, `${this.#where} (${name})`);
  }

  objects(name: string): Fields[] {
    const value = this.value(name);
    if (!Array.isArray(value)) throw this.#bad(name, "list");
    return value.map((one) => new Fields(one, `${this.#where} (${name})`));
  }

  #bad(name: string, kind: string): RunFileError {
    return this.wrong(`has no ${name} (${kind})`);
  }
}
