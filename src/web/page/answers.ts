/**
 * What the gateway answers, as docs/protocol.md has it; null is not known.
 *
 * @module
 */
import type { SpanCost } from "../../report/span.ts";
import type { Note } from "./api.ts";

/** What all tell of a process. */
export interface ProcessFields {
  readonly id: string;
  readonly pid: number;
  readonly ppid: number | null;
  readonly parent: string | null;
  readonly uid: number | null;
  readonly user: string | null;
  readonly comm: string | null;
  readonly argv: readonly string[] | null;
  readonly argv_missing?: number;
}

/** How it ended. */
export interface EndFields {
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly core?: boolean;
  readonly duration_ns: number | null;
}

/** An event of the stream or of the log; of a gap only `since`, `lost` and `reason`. */
export interface EventFields extends ProcessFields, EndFields {
  readonly event: string;
  /** Of a fleet. */
  readonly host?: string;
  readonly time: string;
  readonly seq: number;
  readonly exe: string | null;
  readonly cwd: string | null;
  readonly unit: string | null;
  readonly container: string | null;
  readonly since?: string;
  readonly lost?: number | null;
  readonly reason?: string;
  readonly why?: string;
  readonly source?: string;
  /** Of an exit, where it was asked for; null where it is not known. */
  readonly cost?: SpanCost | null;
}

/** What a process has cost. */
export interface CostFields {
  readonly user_ns: number | null;
  readonly system_ns: number | null;
  readonly peak_bytes: number | null;
  readonly read_bytes: number | null;
  readonly write_bytes: number | null;
  readonly minor_faults: number | null;
  readonly major_faults: number | null;
  readonly voluntary_switches: number | null;
  readonly involuntary_switches: number | null;
}

/** A life, in a tree or a chain. */
export interface LifeFields extends ProcessFields, EndFields {
  readonly state: string;
  readonly started: string | null;
  readonly ended: string | null;
}

/** A node of a tree. */
export interface TreeFields extends LifeFields {
  readonly children: readonly TreeFields[];
  readonly more_below?: number;
}

/** A link of a chain. */
export interface LinkFields extends LifeFields {
  readonly exe: string | null;
  readonly cwd: string | null;
  readonly unit: string | null;
  readonly container: string | null;
  readonly notes: readonly string[];
}

/** The answer to `why`. */
export interface WhyFields {
  readonly chain: readonly LinkFields[];
  readonly more_above?: boolean;
  readonly origin: { readonly kind: string; readonly words: string } | null;
  readonly cost: (CostFields & { readonly so_far?: true }) | null;
  readonly came: {
    readonly times: number;
    readonly more?: true;
    readonly failed: number;
    readonly since: string;
    readonly every_ns: number | null;
  } | null;
  readonly notes: readonly Note[];
}

/** Sums of what has ended. */
export interface SumFields extends CostFields {
  readonly processes: number;
  readonly failed: number;
  readonly accounted: number;
  readonly elapsed_ns: number | null;
}

/** A finding. */
export interface FindingFields {
  readonly kind: string;
  readonly id: string;
  readonly pid: number;
  readonly words: string;
  readonly command: string;
  readonly over: boolean;
  readonly since: string | null;
  readonly until: string | null;
  readonly count: number;
}

/** A job. */
export interface JobFields extends SumFields {
  readonly job: number;
  readonly name: string;
  /** Of a fleet. */
  readonly host?: string;
  readonly uid: number;
  readonly user: string | null;
  readonly started: string;
  readonly ended: string | null;
  readonly running: number;
  readonly members: number;
  readonly lost: number;
}
