/**
 * What a process has cost: sums over its tasks, and over many processes.
 *
 * @module
 */

/** Where accounts of single processes come from: exit records, or /proc between end and wait. */
export type AccountSource = "taskstats" | "zombie";

/** The numbers of one task, as the kernel gave them. */
export interface TaskFigures {
  /** Time on a CPU, nanoseconds. */
  readonly cpuNs: number;
  /** Of it in user mode as sampled, microseconds. */
  readonly userUs: number;
  /** Of it in the kernel as sampled, microseconds. */
  readonly systemUs: number;
  /** Page faults without a read from storage. */
  readonly minorFaults: number;
  /** Page faults with a read from storage. */
  readonly majorFaults: number;
  /** Peak resident size of the process, KiB; 0: not known. */
  readonly peakKib: number;
  /** Bytes read from storage. */
  readonly readBytes: number;
  /** Bytes written to storage. */
  readonly writeBytes: number;
  /** Context switches because it waited. */
  readonly voluntarySwitches: number;
  /** Context switches because its time was up. */
  readonly involuntarySwitches: number;
}

/** Sums of what tasks have cost. */
export class Account {
  /** Time on a CPU, nanoseconds. */
  cpuNs = 0;
  /** Of it in user mode, nanoseconds. */
  userNs = 0;
  /** Of it in the kernel, nanoseconds. */
  systemNs = 0;
  /** Page faults without a read from storage. */
  minorFaults = 0;
  /** Page faults with a read from storage. */
  majorFaults = 0;
  /** The largest resident size of one process, bytes; 0: not known. */
  peakBytes = 0;
  /** Bytes that storage was asked to give. */
  readBytes = 0;
  /** Bytes that storage was asked to take. */
  writeBytes = 0;
  /** Context switches because it waited. */
  voluntarySwitches = 0;
  /** Context switches because its time was up. */
  involuntarySwitches = 0;

  /** Adds one task. */
  addTask(task: TaskFigures): void {
    const userNs = userPart(task);
    this.cpuNs += task.cpuNs;
    this.userNs += userNs;
    this.systemNs += task.cpuNs - userNs;
    this.minorFaults += task.minorFaults;
    this.majorFaults += task.majorFaults;
    this.peakBytes = Math.max(this.peakBytes, task.peakKib * 1024);
    this.readBytes += task.readBytes;
    this.writeBytes += task.writeBytes;
    this.voluntarySwitches += task.voluntarySwitches;
    this.involuntarySwitches += task.involuntarySwitches;
  }

  /** Adds another account. */
  add(other: Account): void {
    this.cpuNs += other.cpuNs;
    for (const { name, isLargest } of FIGURES) {
      if (isLargest) this[name] = Math.max(this[name], other[name]);
      else this[name] += other[name];
    }
  }
}

/** A figure of accounts: what it is called in each place, and how it adds up. */
export interface Figure {
  /** In an {@linkcode Account}. */
  readonly name: Exclude<keyof Account, "cpuNs" | "add" | "addTask">;
  /** In {@linkcode CostTotals}, and how many units of the account one of these is. */
  readonly total: Exclude<keyof CostTotals, "addColumns" | "addAccount">;
  readonly unit: number;
  /** In JSON, in the unit of the account. */
  readonly json: string;
  /** In a history, and how many units of the totals one of these is. */
  readonly column: string;
  readonly columnUnit: number;
  /** Of several it is the largest, else the sum. */
  readonly isLargest: boolean;
}

const plain = { unit: 1, columnUnit: 1, isLargest: false };

/** All of them, in the order of columns and of JSON. */
export const FIGURES: readonly Figure[] = [
  { ...plain, name: "userNs", total: "userUs", unit: 1000, json: "user_ns", column: "user_us" },
  {
    ...plain,
    name: "systemNs",
    total: "systemUs",
    unit: 1000,
    json: "system_ns",
    column: "system_us",
  },
  figure("minorFaults", "minor_faults", "minflt"),
  figure("majorFaults", "major_faults", "majflt"),
  { ...figure("peakBytes", "peak_bytes", "peak_kib"), columnUnit: 1024, isLargest: true },
  figure("readBytes", "read_bytes", "read_bytes"),
  figure("writeBytes", "write_bytes", "write_bytes"),
  figure("voluntarySwitches", "voluntary_switches", "vcsw"),
  figure("involuntarySwitches", "involuntary_switches", "icsw"),
];

function figure(name: Figure["name"] & Figure["total"], json: string, column: string): Figure {
  return { ...plain, name, total: name, json, column };
}

/**
 * What processes have cost together. Times are microseconds, as a history has them: a number of
 * nanoseconds is exact up to 104 days only, and all processes of a host have more.
 */
export class CostTotals {
  userUs = 0;
  systemUs = 0;
  minorFaults = 0;
  majorFaults = 0;
  /** The largest resident size of one process, bytes; 0: not known. */
  peakBytes = 0;
  readBytes = 0;
  writeBytes = 0;
  voluntarySwitches = 0;
  involuntarySwitches = 0;

  /** Adds what stands in the columns of a history, from `at` on. */
  addColumns(columns: readonly (number | null)[], at: number): void {
    for (let index = 0; index < FIGURES.length; index++) {
      const figure = FIGURES[index]!;
      this.#add(figure, columns[at + index]! * figure.columnUnit);
    }
  }

  /** Adds an account. */
  addAccount(account: Account): void {
    for (const figure of FIGURES) this.#add(figure, Math.round(account[figure.name] / figure.unit));
  }

  #add({ total, isLargest }: Figure, value: number): void {
    this[total] = isLargest ? Math.max(this[total], value) : this[total] + value;
  }
}

/**
 * The part of the exact time that was spent in user mode. The kernel samples it, and divides the
 * exact time in proportion (kernel/sched/cputime.c, cputime_adjust()).
 */
function userPart({ cpuNs, userUs, systemUs }: TaskFigures): number {
  if (systemUs === 0) return cpuNs;
  return userUs === 0 ? 0 : Math.round(cpuNs * userUs / (userUs + systemUs));
}

/** The figures in the order in which they are encoded. */
const NAMES = [
  "cpuNs",
  "userUs",
  "systemUs",
  "minorFaults",
  "majorFaults",
  "peakKib",
  "readBytes",
  "writeBytes",
  "voluntarySwitches",
  "involuntarySwitches",
] as const satisfies readonly (keyof TaskFigures)[];
/** Bytes of the largest number, seven bits in each. */
const NUMBER_MAX = 8;
const scratch = new Uint8Array(NAMES.length * NUMBER_MAX);
/** What was decoded last. */
const decoded: { -readonly [Name in keyof TaskFigures]: TaskFigures[Name] } = {
  cpuNs: 0,
  userUs: 0,
  systemUs: 0,
  minorFaults: 0,
  majorFaults: 0,
  peakKib: 0,
  readBytes: 0,
  writeBytes: 0,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
};

/** The figures as bytes, for an event: whole numbers, seven bits in each byte, lowest first. */
export function encodeFigures(task: TaskFigures): Uint8Array {
  let at = 0;
  for (const name of NAMES) {
    let rest = task[name];
    for (; rest >= 128; rest = Math.floor(rest / 128)) scratch[at++] = rest % 128 + 128;
    scratch[at++] = rest;
  }
  return scratch.slice(0, at);
}

let from: Uint8Array = scratch;
let next = 0;

function decodeNext(): number {
  let byte = from[next++]!;
  if (byte < 128) return byte;
  let value = 0;
  let scale = 1;
  for (; byte >= 128; scale *= 128) {
    value += (byte - 128) * scale;
    byte = from[next++]!;
  }
  return value + byte * scale;
}

/** The figures that begin at `at` of an event's bytes; the object is used again for the next. */
export function decodeFigures(bytes: Uint8Array, at: number): TaskFigures {
  from = bytes;
  next = at;
  // In the order of NAMES: a loop over them costs three times as much.
  decoded.cpuNs = decodeNext();
  decoded.userUs = decodeNext();
  decoded.systemUs = decodeNext();
  decoded.minorFaults = decodeNext();
  decoded.majorFaults = decodeNext();
  decoded.peakKib = decodeNext();
  decoded.readBytes = decodeNext();
  decoded.writeBytes = decodeNext();
  decoded.voluntarySwitches = decodeNext();
  decoded.involuntarySwitches = decodeNext();
  return decoded;
}
