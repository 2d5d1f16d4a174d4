/**
 * Requests and answers of the socket, as docs/protocol.md has them: text in, typed values or a
 * {@linkcode Refusal} out.
 *
 * @module
 */
import { Refusal } from "../fault.ts";
import { ERRNO } from "../../ffi/errno.ts";
import { shortJson } from "../model/short_json.ts";
import { jsonText } from "../text/json_text.ts";
import { SERVER_LIMITS } from "./limits.ts";

/** The version of the protocol. */
export const PROTOCOL = 1;
/** Bytes a line of a request may have, its newline included (docs/protocol.md). */
export const LINE_MAX = 65_536;

const PID_MAX = 4_194_304;
/** What a request says is repeated up to so many characters: answers stay short. */
const ECHO_MAX = 80;
const ID_MAX = 256;
/** Real-time signals that glibc leaves to programs: uapi/asm-generic/signal.h has 32 to 64. */
const SIG = { min: 34, max: 64 } as const;

/** Who is at the other end of a connection. */
export interface Peer {
  /** Number of the connection. */
  readonly client: number;
  /** Process that connected, 0 where it is in no namespace of ours; SO_PEERCRED, unix(7). */
  readonly pid: number;
  readonly uid: number;
  /** Sees and may do everything: root, or the user who runs the server. */
  readonly privileged: boolean;
  /** Start of that process when it connected, in clock ticks; null where it is not known. */
  readonly startTicks: number | null;
}

/** Fields of an answer, now or later; what follows the answer. */
export interface Done {
  readonly fields: Fields | Promise<Fields>;
  after?(): void;
}
/** The fields of an answer. */
export type Fields = Readonly<Record<string, unknown>>;
/** Does what a request asks for; throws {@linkcode Refusal}. */
export interface Operation {
  (peer: Peer, request: Request): Done;
  /** Others are served before it is answered: it may take for ever. */
  readonly isSlow?: boolean;
}

/** An operation that may take for ever: others are served before it is answered. */
export function slow(operation: Operation): Operation {
  return Object.assign(operation, { isSlow: true });
}

/** Whose share of what is limited a peer draws on: who runs the server has root's. */
export function payer({ privileged, uid }: Pick<Peer, "privileged" | "uid">): number {
  return privileged ? 0 : uid;
}

/** A request, its parameters not yet looked at. */
export interface Request {
  readonly op: string;
  /** To be repeated by the answer; undefined where there is none. */
  readonly id: unknown;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Reads a line; throws {@linkcode Refusal} EBADMSG where it is no object. */
export function parseRequest(line: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Refusal("EBADMSG", 'Bad request: not JSON; send an object such as {"op":"hello"}');
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal("EBADMSG", 'Bad request: no object; send one such as {"op":"hello"}');
  }
  const { op, id, ...params } = value as Record<string, unknown>;
  return { op: typeof op === "string" ? op : "", id, params };
}

/** The value of a field that is JSON already. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** The line of an answer, without its newline. */
export function answerLine(
  op: string | null,
  id: unknown,
  fields: Readonly<Record<string, unknown>>,
): string {
  let line = jsonText({ ok: true, op, ...idField(id) }).slice(0, -1);
  for (const [name, value] of Object.entries(fields)) {
    line += `,"${name}":${value instanceof RawJson ? value.text : jsonText(value)}`;
  }
  return `${line}}`;
}

/** Characters that an answer to a peer may have. */
export function answerMax({ privileged }: Pick<Peer, "privileged">): number {
  const { answer } = SERVER_LIMITS;
  return privileged ? answer.privileged : answer.others;
}

/** What is said instead of a longer one. */
export function tooLongAnswer(peer: Pick<Peer, "privileged">): Refusal {
  const message = `Answer too long: more than ${answerMax(peer)} characters`;
  return new Refusal("EMSGSIZE", `${message}; ask for less`);
}

/** The line that says why a request is not done. */
export function refusalLine(op: string | null, id: unknown, refusal: Refusal): string {
  const { error, message } = refusal;
  const named = op === null ? null : op.slice(0, ECHO_MAX);
  const fields = { ok: false, op: named, ...idField(id), error, errno: ERRNO[error], message };
  return jsonText(fields);
}

function idField(id: unknown): { id?: unknown } {
  return isId(id) ? { id } : {};
}

function isId(id: unknown): boolean {
  return typeof id === "number" || (typeof id === "string" && id.length <= ID_MAX);
}

/** Refuses parameters that the operation does not know, and an `id` that cannot be repeated. */
export function checkNames({ op, id, params }: Request, known: readonly string[]): void {
  if (id !== undefined && !isId(id)) {
    const help = `give a number, a text of up to ${ID_MAX} characters, or none`;
    throw new Refusal("EFAULT", `Bad id: ${shown(id)}; ${help}`);
  }
  const other = Object.keys(params).find((name) => !known.includes(name));
  if (other === undefined) return;
  const help = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
  const [what, named] = [op, other].map((text) => text.slice(0, ECHO_MAX));
  throw new Refusal("EFAULT", `Unknown parameter of ${what}: ${named}; ${help}`);
}

/** A pid; undefined where it is left out. */
export function readPid(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  return readWhole(name, value, 1, PID_MAX);
}

/** A whole number in a range. */
export function readWhole(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw bad(name, value, `give a whole number from ${min} to ${max}`);
}

/** A boolean; false where it is left out. */
export function readFlag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw bad(name, value, "give true or false");
}

/**
 * Number of a real-time signal: 34 to 64, or a name such as `SIGRTMIN+3` or `SIGRTMAX-1`. Throws
 * EINVAL for other signals, EFAULT for what is no signal.
 */
export function readSignal(value: unknown): number {
  const number = typeof value === "string" ? signalNumber(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) {
    throw bad("sig", value, `give ${SIG.min} to ${SIG.max}, or a name such as SIGRTMIN+3`);
  }
  if (number >= SIG.min && number <= SIG.max) return number;
  const range = `${SIG.min} (SIGRTMIN) to ${SIG.max} (SIGRTMAX)`;
  throw new Refusal("EINVAL", `Not a real-time signal: ${shown(value)}; give one of ${range}`);
}

function signalNumber(name: string): number | null {
  const rt = /^(?:SIG)?RT(?:(MIN)(?:\+(\d{1,3}))?|MAX(?:-(\d{1,3}))?)$/.exec(name);
  if (rt === null) return /^SIG[A-Z]+\d*$/.test(name) ? 0 : null;
  const [, min, plus = 0, minus = 0] = rt;
  return min === undefined ? SIG.max - Number(minus) : SIG.min + Number(plus);
}

/** `"all"` is null, `{"descendants_of": pid}` that pid. */
export function readScope(value: unknown): number | null {
  if (value === undefined || value === "all") return null;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { descendants_of: pid, ...rest } = value as Record<string, unknown>;
    if (pid !== undefined && Object.keys(rest).length === 0) {
      return readWhole("scope.descendants_of", pid, 1, PID_MAX);
    }
  }
  throw bad("scope", value, 'give "all" or {"descendants_of": PID}');
}

/** The error of a value that is none of those wanted. */
export function bad(name: string, value: unknown, help: string): Refusal {
  if (value === undefined) return new Refusal("EFAULT", `Missing parameter: ${name}; ${help}`);
  return new Refusal("EFAULT", `Bad ${name}: ${shown(value)}; ${help}`);
}

/** A value for a message, cut where it is long. */
export function shown(value: unknown): string {
  return shortJson(value, ECHO_MAX);
}
