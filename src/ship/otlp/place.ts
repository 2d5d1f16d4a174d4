/**
 * Which collector of OpenTelemetry a history is shipped to: a URL, or what the environment says.
 *
 * @module
 */
import { type CollectorTarget, shownUrl, signalTarget } from "../../collector/target.ts";
import { UsageError } from "../../fault.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The port that collectors take HTTP at. */
const PORT = "4318";
const SCHEMES: Readonly<Record<string, "http" | "https" | null>> = {
  "otlp:": null,
  "otlp+http:": "http",
  "otlp+https:": "https",
};

/** Where logs and traces are sent to. */
export interface OtlpPlace {
  readonly logs: CollectorTarget;
  readonly traces: CollectorTarget;
  /** For messages: without what may be a secret. */
  readonly shown: string;
}

/**
 * Reads `otlp://host:port/path`, `otlp+http://…` or `otlp+https://…` as an option has it, or
 * `otlp:` alone, which means what the environment says: anything secret would be there for
 * everybody to read. Throws UsageError.
 */
export function parseOtlp(text: string): string {
  const url = urlOf(text);
  if (url.username === "" && url.password === "" && url.search === "") return text;
  const advice = "give it by OTEL_EXPORTER_OTLP_HEADERS or OTEL_EXPORTER_OTLP_ENDPOINT";
  throw new UsageError(
    `Bad target: a command line with a password or a token can be read by all; ${advice}`,
  );
}

/** The place that a URL names. Throws UsageError. */
export function otlpPlace(text: string, env: Env): OtlpPlace {
  const url = urlOf(text);
  const base = url.hostname === "" ? null : baseOf(url);
  const [logs, traces] = (["logs", "traces"] as const).map((signal) => {
    const target = signalTarget(env, base, signal, true);
    if (target !== null) return target;
    const advice = `give otlp://host, or OTEL_EXPORTER_OTLP_ENDPOINT`;
    throw new UsageError(`Bad target: no collector for ${signal} is named; ${advice}`);
  }) as [CollectorTarget, CollectorTarget];
  return { logs, traces, shown: shownUrl(base?.href ?? logs.url).replace(/\/$/, "") };
}

/** Over a network nothing is sent in plain text, unless that is asked for. */
function baseOf(url: URL): URL {
  const { hostname, pathname, protocol } = url;
  const isLocal = hostname === "localhost" || hostname === "[::1]" ||
    /^127(?:\.\d+){3}$/.test(hostname);
  const scheme = SCHEMES[protocol] ?? (isLocal ? "http" : "https");
  return new URL(`${scheme}://${hostname}:${url.port || PORT}${pathname}`);
}

function urlOf(text: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol in SCHEMES && (url.hostname !== "" || /^otlp:(?:\/\/)?$/i.test(text))) {
      return url;
    }
  }
  // What stands there may have a secret in it.
  throw new UsageError("Bad target: it names no collector; give otlp://host:4318");
}
