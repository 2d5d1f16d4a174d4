/**
 * Traces of Perfetto, decoded by the numbers of fields: protos/perfetto/trace/.
 *
 * @module
 */
import { PbfReader } from "pbf";

/** A message: of each field the values in the order in which they came. */
export type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** Wire types of protobuf. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The fields of a message. */
export function decodeMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, (number | Uint8Array)[]>();
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    const values = fields.get(tag) ?? [];
    fields.set(tag, values);
    values.push(valueOf(pbf));
  }, null);
  return fields;
}

function valueOf(pbf: PbfReader): number | Uint8Array {
  if (pbf.type === WIRE.varint) return pbf.readVarint();
  // A number or a fraction: the bytes say both.
  if (pbf.type === WIRE.fixed64) {
    const from = pbf.pos;
    pbf.readFixed64();
    return pbf.buf.slice(from, pbf.pos);
  }
  if (pbf.type === WIRE.fixed32) return pbf.readFixed32();
  return pbf.readBytes();
}

/** A number of a message; undefined where it is not there. */
export function numberIn(message: Message, field: number): number | undefined {
  return message.get(field)?.[0] as number | undefined;
}

/** A text of a message. */
export function textIn(message: Message, field: number): string | undefined {
  const bytes = message.get(field)?.[0];
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes as Uint8Array);
}

/** Messages within a message. */
export function messagesIn(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((bytes) => decodeMessage(bytes as Uint8Array));
}

/** A slice of a trace, as a viewer would show it. */
export interface Slice {
  readonly name: string;
  readonly category: string;
  readonly track: number;
  readonly start: number;
  end: number | null;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly flows: readonly number[];
}

/** What a trace shows. */
export interface Trace {
  readonly slices: readonly Slice[];
  /** The tracks above each, by their numbers. */
  readonly parents: ReadonlyMap<number, number | undefined>;
  readonly counters: ReadonlyMap<string, readonly (readonly [time: number, value: number])[]>;
  /** Clocks at one moment, by their ids. */
  readonly clocks: ReadonlyMap<number, number>;
}

/** Reads a trace as a viewer does: names by their numbers, ends to their begins. */
export function readTrace(bytes: Uint8Array): Trace {
  const names = new Map<string, string>();
  const slices: Slice[] = [];
  const open = new Map<number, Slice[]>();
  const parents = new Map<number, number | undefined>();
  const counterNames = new Map<number, string>();
  const counters = new Map<string, [number, number][]>();
  const clocks = new Map<number, number>();
  for (const packet of messagesIn(decodeMessage(bytes), 1)) {
    for (const snapshot of messagesIn(packet, 6)) {
      for (const clock of messagesIn(snapshot, 1)) {
        clocks.set(numberIn(clock, 1)!, numberIn(clock, 2)!);
      }
    }
    for (const track of messagesIn(packet, 60)) {
      const uuid = numberIn(track, 1)!;
      if (track.has(8)) counterNames.set(uuid, textIn(track, 2)!);
      else parents.set(uuid, numberIn(track, 5));
    }
    for (const data of messagesIn(packet, 12)) {
      for (const [field] of data) {
        for (const one of messagesIn(data, field)) {
          names.set(`${field} ${numberIn(one, 1)}`, textIn(one, 2)!);
        }
      }
    }
    const time = numberIn(packet, 8)!;
    for (const event of messagesIn(packet, 11)) {
      const [type, track] = [numberIn(event, 9), numberIn(event, 11)!];
      if (type === 4) {
        const name = counterNames.get(track)!;
        const value = event.has(30)
          ? numberIn(event, 30)!
          : viewOf(event.get(44)![0]!).getFloat64(0, true);
        counters.set(name, [...counters.get(name) ?? [], [time, value]]);
      } else if (type === 2) {
        open.get(track)!.pop()!.end = time;
      } else {
        const slice = sliceOf(event, time, names);
        slices.push(slice);
        if (type === 1) open.set(track, [...open.get(track) ?? [], slice]);
      }
    }
  }
  return { slices, parents, counters, clocks };
}

function viewOf(bytes: number | Uint8Array): DataView {
  const { buffer, byteOffset } = bytes as Uint8Array;
  return new DataView(buffer, byteOffset);
}

function sliceOf(event: Message, start: number, names: ReadonlyMap<string, string>): Slice {
  const facts = messagesIn(event, 4).map((fact): [string, string | number] => {
    const name = names.get(`3 ${numberIn(fact, 1)}`)!;
    if (fact.has(4)) return [name, numberIn(fact, 4)!];
    return [name, fact.has(6) ? textIn(fact, 6)! : names.get(`29 ${numberIn(fact, 17)}`)!];
  });
  return {
    name: names.get(`2 ${numberIn(event, 10)}`)!,
    category: names.get(`1 ${numberIn(event, 3)}`)!,
    track: numberIn(event, 11)!,
    start,
    end: null,
    facts: Object.fromEntries(facts),
    flows: [...event.get(47) ?? [], ...event.get(48) ?? []].map((bytes) => {
      return Number(viewOf(bytes).getBigUint64(0, true));
    }),
  };
}
