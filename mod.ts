/**
 * fh as a library: the stream of process creation, and the pure parts it is made of.
 *
 * ```ts
 * import { watch } from "./mod.ts";
 *
 * for await (const event of watch()) {
 *   if (event.event === "source") console.log(event.source, event.why);
 *   else if (event.event === "exit") console.log(event.pid, event.argv, event.exit_code);
 *   if (event.event === "exit") break; // ends the capture
 * }
 * ```
 *
 * @module
 */
export {
  connect,
  type ConnectFilter,
  ConnectionError,
  type ConnectSettings,
  type EventBase,
  type ExitEvent,
  type FilterKind,
  type GapEvent,
  type HeartbeatEvent,
  type Numbered,
  type ProcessEvent,
  type ProcessFields,
  RequestError,
  type ServedEvent,
  type ServedGapEvent,
  type SourceChosen,
  takeTree,
  watch,
  type WatchEvent,
  type WatchSettings,
} from "./src/library.ts";
export { SourceRefused } from "./src/source/capture.ts";
export { readRecording, recordBatch } from "./src/source/recording.ts";
export { Account, type TaskFigures } from "./src/model/account.ts";
export { BatchReader, BatchWriter, type BootEpoch, readBatch } from "./src/model/batch.ts";
export { type BootClock, RunningBoot } from "./src/model/boot.ts";
export {
  EVENT,
  type EventKind,
  FLAG,
  GAP_REASON,
  SourceEvent,
  UNKNOWN,
} from "./src/model/event.ts";
export { decodeText, encodeImage, Image, type ImageParts, splitArgv } from "./src/model/image.ts";
export type { JobIdentity, JobTotal, KeptJob, LastMember } from "./src/jobs/kept_job.ts";
export {
  LIFECYCLE,
  type LifeEffect,
  type LifeInput,
  type LifeRow,
  type LifeState,
} from "./src/model/lifecycle.ts";
export {
  Change,
  CHANGE_KINDS,
  type ChangeKind,
  Machine,
  type MachineOptions,
} from "./src/model/machine.ts";
export type { UserTime } from "./src/model/image_shares.ts";
export { createRedact, type Redact } from "./src/redact/redact.ts";
export { buildForest, type Forest, type TreeNode } from "./src/model/tree.ts";
export { ProcError } from "./src/proc/procfs.ts";
export { type ExitStatus, exitStatus, type Job, Process } from "./src/model/process.ts";
export {
  decodeProcEvent,
  encodeProcEvent,
  PROC_EVENT,
  ProcDatagram,
} from "./src/wire/proc_event.ts";
export { WireError } from "./src/wire/wire_error.ts";
