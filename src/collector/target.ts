/**
 * Which collector of OpenTelemetry is meant, as the specification has it ("OpenTelemetry Protocol
 * Exporter"): by an option or by variables of the environment.
 *
 * @module
 */
import { UsageError } from "../fault.ts";
import type { OtlpForm } from "../report/otlp.ts";

/** What is sent: each has a path and variables of its own. */
export type Signal = "traces" | "logs";

/** How it is sent. */
export interface CollectorTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: OtlpForm;
  /** Whether requests are compressed. */
  readonly gzip: boolean;
  /** Milliseconds that a request may take. */
  readonly timeoutMs: number;
}

const TIMEOUT_MS = 10_000;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
const FORMS: Readonly<Record<string, OtlpForm>> = {
  "http/protobuf": "protobuf",
  "http/json": "json",
};

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where traces are sent to; null where nobody has named a collector. An `endpoint` without a path
 * is where all signals are taken. Throws UsageError.
 */
export function targetOf(env: Env, endpoint: string | undefined): CollectorTarget | null {
  const named = endpoint === undefined ? null : parsed("--endpoint", endpoint);
  if (named !== null && named.pathname !== "/") {
    return { url: named.href, ...settingsOf(env, "traces", false) };
  }
  return signalTarget(env, named, "traces");
}

/**
 * Where one signal is sent to: below `base`, or else where the environment says; null where it does
 * not. `gzip`: requests are compressed, unless the environment says otherwise. Throws UsageError.
 */
export function signalTarget(
  env: Env,
  base: URL | null,
  signal: Signal,
  gzip = false,
): CollectorTarget | null {
  const url = base === null ? urlOf(env, signal) : below(base, signal);
  return url === null ? null : { url, ...settingsOf(env, signal, gzip) };
}

function settingsOf(env: Env, signal: Signal, gzip: boolean): Omit<CollectorTarget, "url"> {
  const read = (name: string) => valueOf(env, signal, name);
  return {
    headers: headersOf(read("HEADERS")),
    form: formOf(read("PROTOCOL")),
    gzip: gzipOf(read("COMPRESSION"), gzip),
    timeoutMs: timeoutOf(read("TIMEOUT")),
  };
}

/** The name of a variable and its value; null where it is not set. */
type Found = readonly [name: string, value: string] | null;

/** A variable for one signal stands before the one for everything; an empty one is not set. */
function valueOf(env: Env, signal: Signal, name: string): Found {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`;
  for (const one of [own, `OTEL_EXPORTER_OTLP_${name}`]) {
    const value = env[one]?.trim();
    if (value) return [one, value];
  }
  return null;
}

function urlOf(env: Env, signal: Signal): string | null {
  const found = valueOf(env, signal, "ENDPOINT");
  if (found === null) return null;
  const [name, value] = found;
  const url = parsed(name, value);
  // That of one signal is taken as it is, the other is where the paths of all signals begin.
  return name.includes(signal.toUpperCase()) ? url.href : below(url, signal);
}

function below(base: URL, signal: Signal): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${signal}`;
  return url.href;
}

function parsed(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  // What stands there may have a password in it, or a token.
  throw new UsageError(`Bad endpoint: ${name} is no URL of HTTP; give one as http://host:4318`);
}

/** `key=value,key=value`, as W3C Baggage writes them. */
function headersOf(found: Found): Record<string, string> {
  if (found === null) return {};
  const [name, text] = found;
  const pairs = text.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
    const [key, ...rest] = pair.split("=");
    if (rest.length === 0 || !/^[\w!#$%&'*+.^`|~-]+$/.test(key!.trim())) throw badHeaders(name);
    return [key!.trim().toLowerCase(), decoded(name, rest.join("=").trim())];
  });
  return Object.fromEntries(pairs);
}

function decoded(name: string, text: string): string {
  try {
    const value = decodeURIComponent(text);
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  } catch {
    // It is told below.
  }
  throw badHeaders(name);
}

/** What stands there is a secret, as a rule. */
function badHeaders(name: string): UsageError {
  return new UsageError(`Bad headers in ${name}; write them as key=value,key=value`);
}

function formOf(found: Found): OtlpForm {
  if (found === null) return "protobuf";
  const [name, value] = found;
  const form = FORMS[value];
  if (form !== undefined) return form;
  throw new UsageError(`Bad protocol: ${name} is ${value}; give http/protobuf or http/json`);
}

function gzipOf(found: Found, usual: boolean): boolean {
  if (found === null) return usual;
  const [name, value] = found;
  if (value === "gzip" || value === "none") return value === "gzip";
  throw new UsageError(`Bad compression: ${name} is ${value}; give gzip or none`);
}

function timeoutOf(found: Found): number {
  if (found === null) return TIMEOUT_MS;
  const [name, value] = found;
  const ms = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  if (ms > 0) return Math.min(ms, TIMEOUT_MS_MAX);
  throw new UsageError(`Bad timeout: ${name} is ${value}; give milliseconds`);
}

/** Without what may be a secret: who sends, and what is asked. */
export function shownUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
