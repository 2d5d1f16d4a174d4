/**
 * What a parcel tells of as records of OpenTelemetry: logs of all ends and gaps, and spans of what
 * was in jobs.
 *
 * @module
 */
import type { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import { SpanMaker } from "../../ask/span.ts";
import type { Boot } from "../../history/boots.ts";
import type { Change } from "../../model/change.ts";
import { GAP_WORDS } from "../../model/event.ts";
import type { Process } from "../../model/process.ts";
import type { Users } from "../../proc/passwd.ts";
import {
  type Attributes,
  attributesOf,
  contextOf,
  type OtlpSpan,
  otlpSpanOf,
  type OtlpTime,
  resourceOf,
  SCOPE,
} from "../../report/otlp_span.ts";
import { jobTrace, type Span } from "../../report/span.ts";
import { commandOf, hasFailed, outcomeOf } from "../../report/words.ts";
import { WallClock } from "../../text/time.ts";
import { durationWords } from "../../text/words.ts";
import { type Happened, happenedIn } from "../happened.ts";
import { idOf } from "../id.ts";
import type { Parcel } from "../sink.ts";

/** A log record of the library. */
export type OtlpLog = Parameters<typeof JsonLogsSerializer.serializeRequest>[0][number];

/** A record, under an id that is the same whenever the same is told. */
export interface Named<Record> {
  readonly id: string;
  readonly record: Record;
  /** Bytes that it takes, about. */
  readonly bytes: number;
}

/** As the data model of logs numbers them. */
const SEVERITY = { info: 9, warn: 13 } as const;
const NS_PER_S = 1e9;
/** What a record takes beside its texts. */
const HEAD_BYTES = 512;

/** What happened, and what makes spans of it: images that it remembers are those of one parcel. */
export interface Told {
  readonly all: readonly Happened[];
  readonly maker: SpanMaker;
}

/** Makes records of one host. */
export class Records {
  readonly #host: string;
  readonly #users: Users;
  readonly #resource: OtlpSpan["resource"];

  constructor(host: string, users: Users) {
    this.#host = host;
    this.#users = users;
    this.#resource = resourceOf(host);
  }

  /** What a parcel tells of, for both. */
  told(parcel: Parcel): Told {
    return { all: happenedIn(parcel), maker: new SpanMaker(this.#users, this.#host) };
  }

  /** A log of each end and gap. */
  *logs({ all, maker }: Told): Generator<Named<OtlpLog>, void> {
    for (const one of all) {
      const { change, boot } = one;
      const id = `${this.#host}:${idOf(change, boot)}`;
      if (change.process === null) {
        yield { id, record: this.#gap(change, boot, id), bytes: HEAD_BYTES };
      } else {
        const span = spanOf(maker, one, change.process);
        yield { id, record: this.#end(one, span, id), bytes: HEAD_BYTES + 3 * bytesOf(change) };
      }
    }
  }

  /** A span of each process that was in a job. */
  *spans({ all, maker }: Told): Generator<Named<OtlpSpan>, void> {
    for (const one of all) {
      const { change, boot, jobs: [job], jobsAbove: [above] } = one;
      const { process } = change;
      if (process === null || job === undefined) continue;
      const trace = jobTrace(boot.bootId, job.since);
      const parent = process.parent?.id ?? null;
      const isWithin = above !== undefined && jobTrace(boot.bootId, above.since) === trace;
      const other = above === undefined ? parent : jobTrace(boot.bootId, above.since);
      const start = process.start ?? process.born;
      const record = otlpSpanOf(spanOf(maker, one, process), {
        trace,
        parent: isWithin ? parent : null,
        link: isWithin || parent === null ? null : { id: parent, trace: other! },
        startTime: timeOf(start, change, boot),
        endTime: timeOf(change.time, change, boot),
        lasted: Math.round(change.time - start),
        resource: this.#resource,
      });
      yield { id: process.id, record, bytes: HEAD_BYTES + 2 * bytesOf(change) };
    }
  }

  #end({ change, boot, jobs: [job] }: Happened, span: Span, id: string): OtlpLog {
    const { durationNs, start } = change.process!;
    const lasted = durationNs === null ? "" : ` after ${durationWords(durationNs)}`;
    const begun = start === null ? {} : { "process.creation.time": iso(start, change, boot) };
    return this.#log(timeOf(change.time, change, boot), hasFailed(span), {
      body: `${commandOf(span.image)}: ${outcomeOf(span)}${lasted}`,
      eventName: "fh.process.exit",
      attributes: Object.assign(attributesOf(span), begun, {
        "process.exit.time": iso(change.time, change, boot),
        ...span.user === null ? {} : { "process.owner": span.user },
        ...change.inferred ? { "fh.inferred": true } : {},
        "log.record.uid": id,
      }),
      ...job === undefined
        ? {}
        : { spanContext: contextOf(jobTrace(boot.bootId, job.since), span.id) },
    });
  }

  #gap(change: Change, boot: Boot, id: string): OtlpLog {
    const reason = GAP_WORDS[change.b] ?? "unknown";
    const lost = change.a < 0 ? null : change.a;
    return this.#log(timeOf(change.time, change, boot), true, {
      body: `gap, ${reason}: ${lost ?? "an unknown number"} lost`,
      eventName: "fh.gap",
      attributes: {
        "fh.gap.reason": reason,
        "fh.gap.since": iso(change.since, change, boot),
        ...lost === null ? {} : { "fh.gap.lost": lost },
        "log.record.uid": id,
      },
    });
  }

  #log(
    hrTime: OtlpTime,
    isBad: boolean,
    rest: Pick<OtlpLog, "body" | "eventName" | "spanContext"> & { readonly attributes: Attributes },
  ): OtlpLog {
    return {
      hrTime,
      hrTimeObserved: hrTime,
      severityNumber: isBad ? SEVERITY.warn : SEVERITY.info,
      severityText: isBad ? "WARN" : "INFO",
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      ...rest,
    } as unknown as OtlpLog;
  }
}

function spanOf(maker: SpanMaker, { account, jobs }: Happened, process: Process): Span {
  const parent = process.parent?.id ?? null;
  const names = jobs.map(({ name }) => name);
  return maker.of(process, { parent, account, jobs: names, originNs: 0 });
}

/** By the clock as it stood at the end: so what lies between two times of a process is right. */
function timeOf(ns: number, { time }: Change, boot: Boot): OtlpTime {
  const { seconds, ns: rest } = boot.epochAt(time);
  const all = rest + Math.round(ns);
  const more = Math.floor(all / NS_PER_S);
  // The format has no times before 1970.
  return seconds + more < 0 ? [0, 0] : [seconds + more, all - more * NS_PER_S];
}

/** It remembers the second that it was asked for last. */
const clock = new WallClock();

function iso(ns: number, change: Change, boot: Boot): string {
  return clock.utc(boot.epochAt(change.time), ns);
}

function bytesOf({ process }: Change): number {
  const { argv, exe, cwd } = process!.image.parts;
  return (argv?.length ?? 0) + (exe?.length ?? 0) + (cwd?.length ?? 0);
}
