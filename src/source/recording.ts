/**
 * The replay source: a recorded stream of events, as text that can be read and edited.
 *
 * One JSON object a line: `kind` by name, then the fields that are not 0. The bytes of a text are
 * written as characters U+0000 to U+00FF, one for each byte.
 *
 * @module
 */
import { BatchWriter, type BootEpoch, readBatch } from "../model/batch.ts";
import { EVENT, type EventKind, SourceEvent, UNKNOWN } from "../model/event.ts";
import { encodeImage, Image, IMAGE_PARTS, type ImageParts } from "../model/image.ts";
import type { RunningCapture, StartCapture } from "./capture.ts";

/** Number fields of an event, in the order they are written. */
const NUMBERS = ["time", "pid", "tid", "a", "b", "c", "d", "start", "asOf", "flags"] as const;

/** Kinds whose text is an image; the text of others is a name. */
const WITH_IMAGE: ReadonlySet<EventKind> = new Set([EVENT.exec, EVENT.present]);

const KIND_NAMES = new Map<number, string>(
  Object.entries(EVENT).map(([name, kind]) => [kind, name]),
);

/** One line of a recording. */
type RecordedEvent =
  & { kind: keyof typeof EVENT; cpu?: number; text?: string | Record<string, string> }
  & Partial<Record<typeof NUMBERS[number], number>>;

/** The events of a batch as lines of a recording. */
export function recordBatch(batch: ArrayBuffer): string {
  let lines = "";
  readBatch(batch, (event) => lines += JSON.stringify(recorded(event)) + "\n");
  return lines;
}

function recorded(event: SourceEvent): RecordedEvent {
  const line: RecordedEvent = { kind: KIND_NAMES.get(event.kind) as keyof typeof EVENT };
  for (const name of NUMBERS) if (event[name] !== 0) line[name] = event[name];
  if (event.cpu !== UNKNOWN) line.cpu = event.cpu;
  if (event.text === null) return line;
  line.text = WITH_IMAGE.has(event.kind) ? recordedImage(event.text) : toLatin(event.text);
  return line;
}

function recordedImage(text: Uint8Array): Record<string, string> {
  const { parts } = Image.decode(text);
  const known = IMAGE_PARTS.filter((name) => parts[name] !== null);
  const more = parts.argvMore ? { argvMore: String(parts.argvMore) } : {};
  return { ...Object.fromEntries(known.map((name) => [name, toLatin(parts[name]!)])), ...more };
}

/** The events of a recording, in order; throws SyntaxError for a line that is none. */
export function* readRecording(recording: string): Generator<SourceEvent, void> {
  for (const line of recording.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const fields = JSON.parse(line) as RecordedEvent;
    const kind = EVENT[fields.kind];
    if (kind === undefined) throw new SyntaxError(`Cannot replay an event: ${line}`);
    const event = new SourceEvent().reset(kind, 0, 0, 0);
    for (const name of NUMBERS) event[name] = fields[name] ?? 0;
    event.cpu = fields.cpu ?? UNKNOWN;
    event.text = replayedText(fields.text);
    yield event;
  }
}

function replayedText(text: RecordedEvent["text"]): Uint8Array | null {
  if (text === undefined) return null;
  if (typeof text === "string") return fromLatin(text);
  const parts = Object.fromEntries(
    IMAGE_PARTS.map((name) => [name, text[name] === undefined ? null : fromLatin(text[name])]),
  );
  const argvMore = Number(text["argvMore"] ?? 0);
  return encodeImage({ ...parts as unknown as ImageParts, argvMore });
}

function toLatin(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function fromLatin(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Plays a recording as a capture: all of it at once, then it ends by itself. */
export function replay(recording: string, epoch: BootEpoch): StartCapture {
  return (_options, handlers) => {
    const writer = new BatchWriter();
    let first: number | null = null;
    for (const event of readRecording(recording)) {
      first ??= event.time;
      writer.add(event);
    }
    const ended = Promise.withResolvers<void>();
    setTimeout(() => {
      const batch = writer.take(Infinity, epoch);
      if (batch !== null) handlers.onBatch(batch);
      handlers.onEnd(null);
      ended.resolve();
    });
    const capture: RunningCapture = {
      info: { source: "replay", why: "a recording is played" },
      began: { epoch, time: first ?? 0 },
      stop: () => ended.promise,
    };
    return Promise.resolve(capture);
  };
}
