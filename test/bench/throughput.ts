/**
 * Goal 15: how many events a second the pure part takes, without kernel and output.
 *
 * @module
 */
import { BatchReader, BatchWriter, type BootEpoch } from "../../src/model/batch.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { encodeImage } from "../../src/model/image.ts";
import { Machine } from "../../src/model/machine.ts";
import { Users } from "../../src/proc/passwd.ts";
import { translate } from "../../src/source/connector/connector.ts";
import { SequenceAccount } from "../../src/source/connector/sequence.ts";
import { ByteText } from "../../src/text/byte_text.ts";
import { JsonLines } from "../../src/view/json.ts";
import {
  decodeProcEvent,
  encodeProcEvent,
  PROC_EVENT,
  ProcDatagram,
} from "../../src/wire/proc_event.ts";
import { atLeast, type Bench, type Section } from "./support/bench.ts";
import { median } from "./support/stats.ts";
import { number, table } from "./support/table.ts";

const TASKS = 60_000;
const ROUNDS = 7;
const WARM_ROUNDS = 2;
/** One in this many processes executes a program, as in the load of the connector section. */
const EXEC_EVERY = 16;
const SLOT = 128;
const DRAIN = 256;
const PARENT = 299;
const PIDS = 32_768;
const STEPS = ["decode", "batch", "state machine", "JSON"] as const;

/** Datagrams as recvmmsg(2) leaves them, one a slot. */
interface Recording {
  readonly view: DataView;
  readonly lengths: Uint8Array;
  readonly count: number;
}

/** The stages of the capture and of `fh watch --json`, one more of them each time. */
export function throughputSection(bench: Bench): Promise<Section> {
  const recording = record();
  const times = STEPS.map((_, last) => {
    const rounds = Array.from({ length: WARM_ROUNDS + ROUNDS }, () => play(recording, last));
    return median(rounds.slice(WARM_ROUNDS));
  });
  const total = times.at(-1) ?? NaN;
  const rate = recording.count / total;
  bench.say(`throughput: ${number(rate)} events/s`);
  return Promise.resolve({
    title: "Throughput of the pure part",
    body: [
      `${
        number(recording.count)
      } datagrams in memory: ${TASKS} forks and exits, an exec for each ` +
      `${EXEC_EVERY}th; decoded, ordered, batched, stepped through the machine, written as JSON ` +
      "bytes. Median of several rounds on one thread.",
      "",
      ...table(
        ["stage", "share", "time per event"],
        STEPS.map((step, at) => {
          const own = (times[at] ?? NaN) - (times[at - 1] ?? 0);
          return [
            step,
            `${number(own / total * 100)} %`,
            `${number(own / recording.count * 1e9)} ns`,
          ];
        }),
      ),
    ],
    goals: [
      atLeast(15, "decode, state machine, JSON: 500 000 events/s", rate, 500_000, number(rate)),
    ],
  });
}

/** A stream like that of the connector section's load. */
function record(): Recording {
  const execs = Math.floor(TASKS / EXEC_EVERY);
  const count = 2 * TASKS + execs;
  const bytes = new Uint8Array(new ArrayBuffer(count * SLOT));
  const lengths = new Uint8Array(count);
  const datagram = new ProcDatagram();
  let at = 0;
  const add = (what: number, unionLength: number, words: readonly number[]) => {
    Object.assign(datagram, { what, unionLength, seq: at, time: 1e12 + at * 10_000 });
    datagram.words.set(words);
    const encoded = encodeProcEvent(datagram);
    bytes.set(encoded, at * SLOT);
    lengths[at++] = encoded.byteLength;
  };
  for (let task = 0; task < TASKS; task++) {
    const pid = PARENT + 1 + task % (PIDS - PARENT - 1);
    add(PROC_EVENT.FORK, 16, [PARENT, PARENT, pid, pid, 0, 0]);
    if (task % EXEC_EVERY === EXEC_EVERY - 1) add(PROC_EVENT.EXEC, 8, [pid, pid, 0, 0, 0, 0]);
    add(PROC_EVENT.EXIT, 24, [pid, pid, task % 4 << 8, 17, PARENT, PARENT]);
  }
  return { view: new DataView(bytes.buffer), lengths, count };
}

/** An image of its own for each exec, as the doorbell reads it. */
function imageOf(exec: number): Uint8Array {
  const bytes = (text: string) => new TextEncoder().encode(text);
  return encodeImage({
    argv: bytes(`/bin/true\0fh-1234-1-${exec}\0`),
    exe: bytes("/usr/bin/true"),
    cwd: bytes("/root"),
    cgroup: bytes("0::/system.slice/load.service\n"),
    comm: bytes("true"),
    env: null,
  });
}

/** Seconds for the stages up to `last`, an index of STEPS. */
function play(recording: Recording, last: number): number {
  const { view, lengths, count } = recording;
  const images = Array.from({ length: 16 }, (_, at) => imageOf(at));
  const sink = new Sink(last);
  const writer = new BatchWriter();
  const sequence = new SequenceAccount();
  const datagram = new ProcDatagram();
  const event = new SourceEvent();
  const start = performance.now();
  for (let at = 0; at < count; at++) {
    if (!decodeProcEvent(view, at * SLOT, lengths[at] ?? 0, datagram)) continue;
    sequence.note(datagram.cpu, datagram.seq, datagram.time);
    translate(datagram, 0, event);
    if (event.kind === EVENT.exec) event.text = images[at % images.length] ?? null;
    if (last < 1) continue;
    writer.add(event);
    if (at % DRAIN === DRAIN - 1) sink.take(writer);
  }
  sink.take(writer);
  return (performance.now() - start) / 1000;
}

/** What becomes of the batches. */
class Sink {
  readonly #last: number;
  readonly #machine: Machine;
  readonly #event = new SourceEvent();
  readonly #epoch: BootEpoch = { seconds: 1_700_000_000, ns: 0 };
  readonly #text = new ByteText(1 << 16);

  constructor(last: number) {
    const users = new Users(() => "root:x:0:0:root:/root:/bin/sh\n", () => performance.now());
    const lines = new JsonLines({ source: "connector", users, env: false });
    this.#last = last;
    this.#machine = new Machine({
      onChange: (change) => {
        if (last >= 3) lines.append(change, this.#epoch, this.#text);
      },
    });
  }

  take(writer: BatchWriter): void {
    const batch = writer.take(Infinity, this.#epoch);
    if (batch === null || this.#last < 2) return;
    const reader = new BatchReader(batch);
    for (let at = 0; at < reader.count; at++) {
      reader.read(at, this.#event);
      this.#machine.step(this.#event);
    }
    this.#text.take();
  }
}
