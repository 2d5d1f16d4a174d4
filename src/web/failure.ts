/**
 * What went wrong with a question, as the page is told.
 *
 * @module
 */
import { CommandError, EXIT, Refusal } from "../fault.ts";
import { ConnectionError, RequestError } from "../serve/client/socket_client.ts";

/** An HTTP status, and the name and the sentence of the error. */
export interface Failure {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

/**
 * That there is none of what was asked for, and that this gateway's place has no such thing, are
 * answers: a browser would complain of a 404.
 */
const NOTHING = 200;

const STATUS: Readonly<Record<string, number>> = {
  EPERM: 403,
  ESRCH: NOTHING,
  EFAULT: 400,
  EINVAL: 400,
  EEXIST: 409,
  EBUSY: 409,
  EUSERS: 429,
  EMSGSIZE: 413,
  ENOSPC: 507,
  EOPNOTSUPP: NOTHING,
  ENOTTY: 501,
};

/** Of what was thrown; null for what nobody is to be told of. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof RequestError || error instanceof Refusal) {
    return { status: STATUS[error.error] ?? 502, error: error.error, message: error.message };
  }
  if (error instanceof CommandError) {
    const { status, message } = error;
    if (status === EXIT.notFound) return { status: NOTHING, error: "ESRCH", message };
    return { status: status === EXIT.usage ? 400 : 502, error: "EIO", message };
  }
  if (error instanceof ConnectionError) {
    return { status: 502, error: error.code, message: error.message };
  }
  return null;
}
