/**
 * What a process has cost: sums over its tasks, and over many processes.
 *
 * @module
 */

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
    this.userNs += other.userNs;
    this.systemNs += other.systemNs;
    this.minorFaults += other.minorFaults;
    this.majorFaults += other.majorFaults;
    this.peakBytes = Math.max(this.peakBytes, other.peakBytes);
    this.readBytes += other.readBytes;
    this.writeBytes += other.writeBytes;
    this.voluntarySwitches += other.voluntarySwitches;
    this.involuntarySwitches += other.involuntarySwitches;
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

/** The figures as bytes, for an event. */
export function encodeFigures(task: TaskFigures): Uint8Array {
  const numbers = Float64Array.of(
    task.cpuNs,
    task.userUs,
    task.systemUs,
    task.minorFaults,
    task.majorFaults,
    task.peakKib,
    task.readBytes,
    task.writeBytes,
    task.voluntarySwitches,
    task.involuntarySwitches,
  );
  return new Uint8Array(numbers.buffer);
}

/** The figures of an event. */
export function decodeFigures(bytes: Uint8Array): TaskFigures {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    cpuNs: view.getFloat64(0, true),
    userUs: view.getFloat64(8, true),
    systemUs: view.getFloat64(16, true),
    minorFaults: view.getFloat64(24, true),
    majorFaults: view.getFloat64(32, true),
    peakKib: view.getFloat64(40, true),
    readBytes: view.getFloat64(48, true),
    writeBytes: view.getFloat64(56, true),
    voluntarySwitches: view.getFloat64(64, true),
    involuntarySwitches: view.getFloat64(72, true),
  };
}
