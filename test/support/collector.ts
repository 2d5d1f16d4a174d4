/**
 * A collector of OpenTelemetry that decodes what it gets by the official schema.
 *
 * @module
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import root from "otlp-schema/build/src/generated/root.js";

// deno-lint-ignore no-explicit-any
type Json = any;

const { logs, trace } = (root as Json).opentelemetry.proto.collector;
const REQUESTS: Readonly<Record<string, Json>> = {
  "/v1/logs": logs.v1.ExportLogsServiceRequest,
  "/v1/traces": trace.v1.ExportTraceServiceRequest,
};
/** The answer of a collector that has not taken some logs. */
export function partialAnswer(rejectedLogRecords: number, errorMessage: string): Uint8Array {
  const { ExportLogsServiceResponse: Answer } = logs.v1;
  return Answer.encode({ partialSuccess: { rejectedLogRecords, errorMessage } }).finish();
}

/** What was asked. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The request, decoded; texts of bytes in hexadecimal. */
  readonly request: Json;
}

/** A record, with what it is known by in one object. */
export interface Seen {
  // deno-lint-ignore no-explicit-any
  readonly [name: string]: any;
  readonly attributes: Readonly<Record<string, Json>>;
  readonly resource: Readonly<Record<string, Json>>;
}

/** It answers in turn as it is told, and then with 200; disposing of it ends it. */
export class TestCollector {
  readonly asked: Asked[] = [];
  /** What it answers to the next requests. */
  readonly answers: ((response: ServerResponse) => void)[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Uint8Array[] = [];
      request.on("data", (piece: Uint8Array) => pieces.push(piece));
      request.on("end", () => {
        const { headers, url: path = "" } = request;
        const sent = Buffer.concat(pieces);
        const body = headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
        this.asked.push({ path, headers, request: decoded(path, headers, body) });
        const answer = this.answers.shift() ?? ((to) => void to.writeHead(200).end());
        answer(response);
      });
    });
  }

  static async start(): Promise<TestCollector> {
    const collector = new TestCollector();
    await new Promise<void>((resolve) => collector.#server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `otlp://127.0.0.1:${this.port}`;
  }

  /** All logs that were sent. */
  get logs(): Seen[] {
    return this.#records("resourceLogs", "scopeLogs", "logRecords");
  }

  /** All spans. */
  get spans(): Seen[] {
    return this.#records("resourceSpans", "scopeSpans", "spans");
  }

  #records(outer: string, inner: string, name: string): Seen[] {
    return this.asked.flatMap(({ request }) =>
      (request[outer] ?? []).flatMap((one: Json) =>
        one[inner].flatMap((scope: Json) =>
          scope[name].map((record: Json) => ({
            ...record,
            attributes: flat(record.attributes),
            resource: flat(one.resource.attributes),
          }))
        )
      )
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with a status and nothing else. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: Uint8Array,
) {
  return (response: ServerResponse): void => void response.writeHead(status, headers).end(body);
}

function decoded(path: string, headers: IncomingHttpHeaders, body: Uint8Array): Json {
  if (headers["content-type"] === "application/json") {
    return JSON.parse(new TextDecoder().decode(body));
  }
  const Request = REQUESTS[path];
  if (Request === undefined) return {};
  const message = Request.decode(body);
  const problem = Request.verify(message);
  if (problem !== null) throw new Error(problem);
  const plain = Request.toObject(message, { longs: String });
  return JSON.parse(JSON.stringify(plain, (_, value) => isBytes(value) ? hex(value) : value));
}

/** As toJSON() of Buffer gives it, or bytes themselves. */
function isBytes(value: Json): boolean {
  return value instanceof Uint8Array || value?.type === "Buffer";
}

function hex(value: Json): string {
  return Buffer.from(value instanceof Uint8Array ? value : value.data).toString("hex");
}

function flat(attributes: readonly Json[] = []): Record<string, Json> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: Json): Json {
  const [kind, one] = Object.entries(value)[0] ?? [];
  if (kind === "arrayValue") return ((one as Json).values ?? []).map(valueOf);
  return kind === "intValue" ? Number(one) : one;
}
