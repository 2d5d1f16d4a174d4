/**
 * Questions to the gateway.
 *
 * @module
 */
/// <reference lib="dom" />
import { consentTo } from "../operations.ts";
import { chosenHost } from "./host_choice.ts";
import { forgetToken, token } from "./session.ts";

/** The fields of a question. */
export type Params = Readonly<Record<string, unknown>>;

/** What must be said beside an answer. */
export interface Note {
  readonly kind: string;
  readonly text: string;
}

/** What was refused, in the gateway's words. */
export class ApiError extends Error {
  /** Name of the error, such as `ESRCH`; `network` where nobody answers. */
  readonly error: string;

  constructor(error: string, message: string) {
    super(message);
    this.name = "ApiError";
    this.error = error;
  }
}

/** Sends a question; the answer's body is not read yet. Rejects with {@linkcode ApiError}. */
async function post(op: string, params: Params, signal?: AbortSignal): Promise<Response> {
  const shown = token.value;
  let response: Response;
  try {
    response = await fetch(`/api/${op}`, {
      method: "POST",
      headers: { "Authorization": `Bearer ${shown}`, "Content-Type": "application/json" },
      body: JSON.stringify({ ...ofHost(op), ...params }),
      cache: "no-store",
      credentials: "omit",
      ...signal === undefined ? {} : { signal },
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("network", "fh web does not answer; see that it runs");
  }
  if (response.ok) return response;
  if (response.status === 401) forgetToken(shown);
  const { error, message } = await response.json().catch(() => ({})) as Record<string, string>;
  throw new ApiError(error ?? "EIO", message ?? `fh web answers with status ${response.status}`);
}

/** What says which host of a fleet is meant: of all of them none is chosen. */
function ofHost(op: string): Params {
  const host = chosenHost.value;
  return host === "" || op === "gateway" || op === "hosts" ? {} : { host };
}

/** Asks; rejects with {@linkcode ApiError}. */
export async function ask<T>(op: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const answer = await (await post(op, params, signal)).json() as Record<string, unknown>;
  if (answer["ok"] === true) return answer as T;
  throw refusalOf(answer);
}

/** The stream of an operation that tells; rejects with {@linkcode ApiError}. */
export async function listen(
  op: string,
  params: Params,
  signal: AbortSignal,
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await post(op, params, signal);
  const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
  if (!isStream) throw refusalOf(await response.json());
  return response.body!.getReader();
}

function refusalOf({ error, message }: Readonly<Record<string, unknown>>): ApiError {
  return new ApiError(String(error), String(message));
}

/** Changes something that its user has consented to. */
export async function change<T>(op: string, params: Params): Promise<T> {
  return await ask<T>(op, { ...params, confirm: consentTo(op, params) });
}
