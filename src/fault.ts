/**
 * What went wrong, in one sentence that a person can act on, and the exit status that it gives.
 *
 * @module
 */

/** Exit statuses; see the contract in README.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, notFound: 3 } as const;

/** An error a person can act on: printed as one line `fh: ...`, no stack trace. */
export class CommandError extends Error {
  readonly status: number;
  /** Lines that follow it: what there is to choose from. */
  readonly lines: readonly string[];

  /** `message` is "what failed: what was seen; what to do". */
  constructor(status: number, message: string, lines: readonly string[] = []) {
    super(message);
    this.lines = lines;
    this.name = "CommandError";
    this.status = status;
  }
}

/** A signal, or a reader that is gone, has stopped the work before it had an answer. */
export class Stopped extends CommandError {
  /** `reason` is the name of the signal; SIGPIPE says nothing, because nobody reads. */
  constructor(reason: string) {
    super(EXIT.done, reason === "SIGPIPE" ? "" : `Stopped by ${reason} before all was read`);
    this.name = "Stopped";
  }
}

/** Wrong usage, exit status 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(EXIT.usage, message);
    this.name = "UsageError";
  }
}

/** Names of the errors an answer may have; errno(3). */
export type RefusalName =
  | "EPERM"
  | "ESRCH"
  | "EIO"
  | "EFAULT"
  | "EBUSY"
  | "EINVAL"
  | "ENOTTY"
  | "EPROTO"
  | "EBADMSG"
  | "EEXIST"
  | "ENOSPC"
  | "EUSERS"
  | "EMSGSIZE"
  | "EOPNOTSUPP";

/** A request that is not done, and why. */
export class Refusal extends Error {
  readonly error: RefusalName;

  /** `message` is "what failed: what was seen; what to do". */
  constructor(error: RefusalName, message: string) {
    super(message);
    this.name = "Refusal";
    this.error = error;
  }
}
