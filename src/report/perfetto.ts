/**
 * Spans as a trace of Perfetto (protos/perfetto/trace/): a slice for each process, in a track for
 * each lane below that of who has started what is in it; a flow for each fork; counters of what
 * lives and of CPUs. A track is called after the first process in it.
 *
 * @module
 */
import { PbfWriter } from "pbf";
import { factsOf } from "./facts.ts";
import { kinOf, NONE } from "./kin.ts";
import { lanesOf, namesOf } from "./lanes.ts";
import { loadOf } from "./load.ts";
import type { Span, Spans } from "./span.ts";
import { cutFacts, lossesIn, shownEnd, shownStart } from "./within.ts";
import { hasFailed, nameOf } from "./words.ts";

/** Fields by their numbers: trace_packet.proto, track_event.proto and those that they import. */
const TRACE = { packet: 1 } as const;
const PACKET = {
  clockSnapshot: 6,
  timestamp: 8,
  sequenceId: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  trackDescriptor: 60,
} as const;
const SNAPSHOT = { clocks: 1, primary: 2, clockId: 1, time: 2 } as const;
const TRACK = {
  uuid: 1,
  name: 2,
  parent: 5,
  counter: 8,
  childOrdering: 11,
  rank: 12,
  siblingMerge: 15,
} as const;
const COUNTER = { unit: 3, unitName: 6 } as const;
const EVENT = {
  categoryIid: 3,
  annotation: 4,
  type: 9,
  nameIid: 10,
  track: 11,
  value: 30,
  doubleValue: 44,
  flow: 47,
  flowEnd: 48,
} as const;
const TYPE = { begin: 1, end: 2, instant: 3, counter: 4 } as const;
const INTERNED = { category: 1, name: 2, annotationName: 3, text: 29, iid: 1, value: 2 } as const;
const ANNOTATION = { nameIid: 1, int: 4, text: 6, textIid: 17 } as const;

const REALTIME = 1;
const BOOTTIME = 6;
const UNIT_COUNT = 2;
const EXPLICIT = 3;
/** Viewers draw tracks of one name as one, unless they are told not to. */
const MERGE_NONE = 2;
const FIRST_OF_SEQUENCE = 1;
const NEEDS_SEQUENCE = 2;
const SEQUENCE = 1;
/** Tracks beside the lanes, whose numbers follow. */
const UUID = { all: 1, living: 2, cpus: 3, lanes: 16 } as const;
const FORK = "fork";
const GAP = "gap";
const CATEGORIES = ["process", "failed", FORK, GAP] as const;
/** Bytes that are handed on at once. */
const PIECE = 64 << 10;
/** Texts that are remembered to be named by a number; what is longer hardly comes twice. */
const INTERNED_LENGTH = 1024;
const INTERNED_MAX = 100_000;

/** The file, piece by piece. */
export function* perfetto(spans: Spans): Generator<Uint8Array> {
  const writer = new TraceWriter(spans);
  for (const _ of writer.packets()) {
    if (writer.length >= PIECE) yield writer.take();
  }
  yield writer.take();
}

class TraceWriter {
  #out = new PbfWriter();
  readonly #spans: Spans;
  readonly #names = new Interned(INTERNED.name);
  readonly #annotations = new Interned(INTERNED.annotationName);
  readonly #texts = new Interned(INTERNED.text);
  readonly #categories = new Interned(INTERNED.category);
  /** What the packet that is being made has to say of texts before it names them. */
  #fresh: Fresh[] = [];

  constructor(spans: Spans) {
    this.#spans = spans;
  }

  get length(): number {
    return this.#out.pos;
  }

  take(): Uint8Array {
    const bytes = this.#out.finish().slice();
    this.#out = new PbfWriter();
    return bytes;
  }

  /** Writes packet by packet. */
  *packets(): Generator<void> {
    const { spans, frame } = this.#spans;
    const kin = kinOf(spans);
    const lanes = lanesOf(this.#spans, kin);
    this.#clock();
    this.#track(UUID.all, frame.title, null, 0);
    this.#counter(UUID.living, "processes", "");
    this.#counter(UUID.cpus, "CPU", "CPUs");
    const names = namesOf(lanes, this.#spans);
    for (const [lane, above] of lanes.above.entries()) {
      const parent = above === NONE ? UUID.all : UUID.lanes + above;
      this.#track(UUID.lanes + lane, names[lane]!, parent, lane);
      yield;
    }
    for (const [place, span] of spans.entries()) {
      const above = kin.parent[place]!;
      // A fork that was before the report is none of it.
      const isForked = above !== NONE && span.start >= 0;
      if (isForked) this.#fork(span, UUID.lanes + lanes.of[above]!, place);
      this.#process(span, UUID.lanes + lanes.of[place]!, isForked ? place : null);
      yield;
    }
    for (const { time, reason, facts } of lossesIn(this.#spans)) {
      this.#event(time, TYPE.instant, UUID.all, `lost events: ${reason}`, GAP, (event) => {
        for (const [name, value] of Object.entries(facts)) this.#annotate(event, name, value);
      });
      yield;
    }
    for (const { time, living, cpus } of loadOf(this.#spans)) {
      this.#count(time, UUID.living, (event) => event.writeVarintField(EVENT.value, living));
      this.#count(time, UUID.cpus, (event) => event.writeDoubleField(EVENT.doubleValue, cpus));
      yield;
    }
  }

  /** What the clock of the trace shows at the wall clock's origin. */
  #clock(): void {
    const { originMs } = this.#spans.frame;
    this.#packet(FIRST_OF_SEQUENCE, (packet) => {
      packet.writeMessage(PACKET.clockSnapshot, (_, snapshot) => {
        for (const [id, time] of [[BOOTTIME, 0], [REALTIME, originMs * 1e6]] as const) {
          snapshot.writeMessage(SNAPSHOT.clocks, (_, clock) => {
            clock.writeVarintField(SNAPSHOT.clockId, id);
            clock.writeVarintField(SNAPSHOT.time, Math.round(time));
          }, null);
        }
        snapshot.writeVarintField(SNAPSHOT.primary, BOOTTIME);
      }, null);
    });
  }

  #track(uuid: number, name: string, parent: number | null, rank: number): void {
    this.#packet(0, (packet) => {
      packet.writeMessage(PACKET.trackDescriptor, (_, track) => {
        track.writeVarintField(TRACK.uuid, uuid);
        track.writeStringField(TRACK.name, name);
        if (parent !== null) track.writeVarintField(TRACK.parent, parent);
        track.writeVarintField(TRACK.childOrdering, EXPLICIT);
        track.writeVarintField(TRACK.rank, rank);
        track.writeVarintField(TRACK.siblingMerge, MERGE_NONE);
      }, null);
    });
  }

  #counter(uuid: number, name: string, unit: string): void {
    this.#packet(0, (packet) => {
      packet.writeMessage(PACKET.trackDescriptor, (_, track) => {
        track.writeVarintField(TRACK.uuid, uuid);
        track.writeStringField(TRACK.name, name);
        track.writeMessage(TRACK.counter, (_, counter) => {
          if (unit === "") counter.writeVarintField(COUNTER.unit, UNIT_COUNT);
          else counter.writeStringField(COUNTER.unitName, unit);
        }, null);
      }, null);
    });
  }

  #fork(span: Span, track: number, flow: number): void {
    this.#event(shownStart(span, this.#spans), TYPE.instant, track, FORK, FORK, (event) => {
      event.writeFixed64Field(EVENT.flow, flow + 1);
    });
  }

  /** `flow` is that of its fork; null where that is not in the report. */
  #process(span: Span, track: number, flow: number | null): void {
    const category = hasFailed(span) ? "failed" : "process";
    const start = shownStart(span, this.#spans);
    this.#event(start, TYPE.begin, track, nameOf(span), category, (event) => {
      for (const [name, value] of factsOf(span)) this.#annotate(event, name, value);
      for (const [name, ns] of cutFacts(span, this.#spans)) this.#annotate(event, name, ns);
      if (flow !== null) event.writeFixed64Field(EVENT.flowEnd, flow + 1);
    });
    this.#timed(shownEnd(span, this.#spans), (packet) => {
      packet.writeMessage(PACKET.trackEvent, (_, event) => {
        event.writeVarintField(EVENT.type, TYPE.end);
        event.writeVarintField(EVENT.track, track);
      }, null);
    });
  }

  #annotate(event: PbfWriter, name: string, value: string | number): void {
    const nameIid = this.#iid(this.#annotations, name)!;
    const textIid = typeof value === "string" ? this.#iid(this.#texts, value) : null;
    event.writeMessage(EVENT.annotation, (_, annotation) => {
      annotation.writeVarintField(ANNOTATION.nameIid, nameIid);
      if (typeof value === "number") annotation.writeVarintField(ANNOTATION.int, value);
      else if (textIid !== null) annotation.writeVarintField(ANNOTATION.textIid, textIid);
      else annotation.writeStringField(ANNOTATION.text, value);
    }, null);
  }

  #event(
    time: number,
    type: number,
    track: number,
    name: string,
    category: typeof CATEGORIES[number],
    more: (event: PbfWriter) => void,
  ): void {
    const nameIid = this.#iid(this.#names, name)!;
    const categoryIid = this.#iid(this.#categories, category)!;
    this.#timed(time, (packet) => {
      packet.writeMessage(PACKET.trackEvent, (_, event) => {
        event.writeVarintField(EVENT.type, type);
        event.writeVarintField(EVENT.track, track);
        event.writeVarintField(EVENT.nameIid, nameIid);
        event.writeVarintField(EVENT.categoryIid, categoryIid);
        more(event);
      }, null);
      this.#tellFresh(packet);
    });
  }

  #count(time: number, track: number, value: (event: PbfWriter) => void): void {
    this.#timed(time, (packet) => {
      packet.writeMessage(PACKET.trackEvent, (_, event) => {
        event.writeVarintField(EVENT.type, TYPE.counter);
        event.writeVarintField(EVENT.track, track);
        value(event);
      }, null);
    });
  }

  #timed(time: number, write: (packet: PbfWriter) => void): void {
    this.#packet(NEEDS_SEQUENCE, (packet) => {
      packet.writeVarintField(PACKET.timestamp, Math.round(time));
      write(packet);
    });
  }

  #packet(flags: number, write: (packet: PbfWriter) => void): void {
    this.#out.writeMessage(TRACE.packet, (_, packet) => {
      packet.writeVarintField(PACKET.sequenceId, SEQUENCE);
      if (flags !== 0) packet.writeVarintField(PACKET.sequenceFlags, flags);
      write(packet);
    }, null);
  }

  /** The number of a text; null where it is not worth one. */
  #iid(interned: Interned, text: string): number | null {
    return interned.find(text, this.#fresh);
  }

  /** Texts that got a number in this packet. */
  #tellFresh(packet: PbfWriter): void {
    if (this.#fresh.length === 0) return;
    packet.writeMessage(PACKET.internedData, (_, data) => {
      for (const { field, iid, text } of this.#fresh) {
        data.writeMessage(field, (_, one) => {
          one.writeVarintField(INTERNED.iid, iid);
          one.writeStringField(INTERNED.value, text);
        }, null);
      }
    }, null);
    this.#fresh = [];
  }
}

/** A text that has got a number. */
interface Fresh {
  readonly field: number;
  readonly iid: number;
  readonly text: string;
}

/** Texts of one kind by their numbers. */
class Interned {
  readonly #field: number;
  readonly #iids = new Map<string, number>();

  constructor(field: number) {
    this.#field = field;
  }

  /** Names are all remembered: nothing else can stand for them. */
  find(text: string, fresh: Fresh[]): number | null {
    const known = this.#iids.get(text);
    if (known !== undefined) return known;
    const isLong = text.length > INTERNED_LENGTH || this.#iids.size >= INTERNED_MAX;
    if (isLong && this.#field === INTERNED.text) return null;
    const iid = this.#iids.size + 1;
    this.#iids.set(text, iid);
    fresh.push({ field: this.#field, iid, text });
    return iid;
  }
}
