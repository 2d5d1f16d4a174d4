/**
 * The world of a question: out of what it is answered, and for whom.
 *
 * @module
 */
import type { RunningBoot } from "../model/boot.ts";
import type { Users } from "../proc/passwd.ts";
import type { ProcReader } from "../proc/procfs.ts";
import type { Redact } from "../redact/redact.ts";
import type { Breath } from "../steps.ts";
import type { NoHistoryPlace } from "./not_found.ts";
import type { Notes } from "./notes.ts";
import type { Store } from "./store.ts";
import type { Crontab } from "./text/crontab.ts";
import type { Viewer } from "./viewer.ts";

/** Everything that answers depend on, beside the question. */
export interface Asking {
  readonly store: Store;
  /** Where the history would be. */
  readonly historyPlace: NoHistoryPlace;
  readonly reader: ProcReader;
  /** Where procfs is mounted, for people. */
  readonly procRoot: string;
  /** The boot that runs. */
  readonly boot: RunningBoot;
  readonly users: Users;
  /** What takes the secrets out of command lines of /proc; undefined leaves them. */
  readonly redact: Redact | undefined;
  readonly viewer: Viewer;
  /** The crontabs of this host that may be read. */
  readonly crontabs: () => readonly Crontab[];
  /** Long work lets others have their turn by it, and ends when it is to stop. */
  readonly breath: Breath;
  /** Ancestors out of the history that are followed; as many as there may be, if not given. */
  readonly followed?: number;
  /** The wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** What has to be said beside the answer. */
  readonly notes: Notes;
}
