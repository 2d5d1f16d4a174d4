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

const STATUS: Readonly<Record<string, number>> = {
  EPERM: 403,
  ESRCH: 404,
  EFAULT: 400,
  EINVAL: 400,
  EEXIST: 409,
  EBUSY: 409,
  EUSERS: 429,
  EMSGSIZE: 413,
  ENOSPC: 507,
  EOPNOTSUPP: 501,
  ENOTTY: 501,
};

/** Of what was thrown; null for what nobody is to be told of. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof RequestError || error instanceof Refusal) {
    return { status: STATUS[error.error] ?? 502, error: error.error, message: error.message };
  }
  if (error instanceof CommandError) {
    const status = error.status === EXIT.notFound ? 404 : error.status === EXIT.usage ? 400 : 502;
    return { status, error: "EIO", message: error.message };
  }
  if (error instanceof ConnectionError) {
    return { status: 502, error: error.code, message: error.message };
  }
  return null;
}
