/**
 * Which collector of OpenTelemetry is meant, as the specification has it ("OpenTelemetry Protocol
 * Exporter"): by an option or by variables of the environment.
 *
 * @module
 */
import { UsageError } from "../../fault.ts";
import type { OtlpForm } from "../../report/otlp.ts";

/** How spans are sent. */
export interface CollectorTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: OtlpForm;
  /** Milliseconds that a request may take. */
  readonly timeoutMs: number;
}

const TIMEOUT_MS = 10_000;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
const PATH = "v1/traces";
const FORMS: Readonly<Record<string, OtlpForm>> = {
  "http/protobuf": "protobuf",
  "http/json": "json",
};

type Env = Readonly<Record<string, string | undefined>>;

/** Where to send to; null where nobody has named a collector. Throws UsageError. */
export function targetOf(env: Env, endpoint: string | undefined): CollectorTarget | null {
  const url = endpoint === undefined ? urlOf(env) : baseUrl("--endpoint", endpoint);
  if (url === null) return null;
  return {
    url,
    headers: headersOf(env),
    form: formOf(env),
    timeoutMs: timeoutOf(env),
  };
}

/** A variable for traces stands before the one for everything; an empty one is not set. */
function valueOf(env: Env, name: string): readonly [name: string, value: string] | null {
  for (const one of [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
    const value = env[one]?.trim();
    if (value) return [one, value];
  }
  return null;
}

function urlOf(env: Env): string | null {
  const found = valueOf(env, "ENDPOINT");
  if (found === null) return null;
  const [name, value] = found;
  // That of traces is taken as it is, the other is where the paths of all signals begin.
  return name.includes("TRACES") ? parsed(name, value).href : below(parsed(name, value));
}

/** One that names no path is where all signals are taken. */
function baseUrl(name: string, text: string): string {
  const url = parsed(name, text);
  return url.pathname === "/" ? below(url) : url.href;
}

function below(url: URL): string {
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${PATH}`;
  return url.href;
}

function parsed(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  // What stands there may have a password in it, or a token.
  throw new UsageError(`Bad endpoint: ${name} is no URL of HTTP; give one as http://host:4318`);
}

/** `key=value,key=value`, as W3C Baggage writes them. */
function headersOf(env: Env): Record<string, string> {
  const found = valueOf(env, "HEADERS");
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

function formOf(env: Env): OtlpForm {
  const found = valueOf(env, "PROTOCOL");
  if (found === null) return "protobuf";
  const [name, value] = found;
  const form = FORMS[value];
  if (form !== undefined) return form;
  throw new UsageError(`Bad protocol: ${name} is ${value}; give http/protobuf or http/json`);
}

function timeoutOf(env: Env): number {
  const found = valueOf(env, "TIMEOUT");
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
