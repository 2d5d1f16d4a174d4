/**
 * A gateway with a backend that a test writes, and raw requests to it.
 *
 * @module
 */
import { createConnection } from "node:net";
import type { AnswerText } from "../../src/serve/client/answer_text.ts";
import type { Backend, Fields, LiveLines } from "../../src/web/backend.ts";
import { Gateway, type GatewaySettings } from "../../src/web/gateway.ts";
import { Refusals } from "../../src/web/refusals.ts";
import { listenAtPort } from "../../src/serve/named_place.ts";

/** The token of all gateways here. */
export const TOKEN = "t".repeat(43);

/** A backend that answers with what it was asked, and tells the lines that it is given. */
export class EchoBackend implements Backend {
  unchanging: string | null = null;
  readonly asked: (readonly [op: string, params: Fields])[] = [];
  /** What is told to each page that listens; null ends it. */
  lines: (() => Promise<readonly string[] | null>) | null = null;
  /** Pages that listen. */
  listening = 0;
  /** Instead of the echo. */
  answer: Backend["ask"] | null = null;

  async ask(op: string, params: Fields, signal: AbortSignal): Promise<Fields | AnswerText> {
    this.asked.push([op, params]);
    return await this.answer?.(op, params, signal) ?? { asked: op, params };
  }

  places(): Promise<Fields> {
    return Promise.resolve({ db: null, socket: "/run/s" });
  }

  live(params: Fields, signal: AbortSignal): Promise<LiveLines> {
    this.asked.push(["live", params]);
    this.listening++;
    let isOpen = true;
    const { promise: closed, resolve } = Promise.withResolvers<null>();
    const close = () => {
      if (isOpen) this.listening--;
      isOpen = false;
      resolve(null);
    };
    signal.addEventListener("abort", close);
    return Promise.resolve({
      answer: { instance: "i", seq: 1 },
      take: () => isOpen ? Promise.race([this.lines?.() ?? closed, closed]) : closed,
      close,
    });
  }
}

/** A gateway that listens; disposing of it closes it. */
export class TestGateway implements AsyncDisposable {
  readonly backend = new EchoBackend();
  readonly said: string[] = [];
  readonly refusals = new Refusals((text) => this.said.push(text));
  readonly gateway: Gateway;
  port = 0;
  #close: (() => Promise<void>) | null = null;

  private constructor(parts: Partial<GatewaySettings>) {
    this.gateway = new Gateway({
      token: TOKEN,
      page: "<!doctype html><title>x</title><style>a{}</style><script>let a;</script>",
      backend: this.backend,
      refusals: this.refusals,
      isReadOnly: false,
      complain: (text) => this.said.push(text),
      ...parts,
    });
  }

  /** Listens on a port of its own. */
  static async open(parts: Partial<GatewaySettings> = {}): Promise<TestGateway> {
    const opened = new TestGateway(parts);
    const listening = await listenAtPort(opened.gateway.server, { host: "127.0.0.1", port: 0 });
    opened.port = "port" in listening.place ? listening.place.port : 0;
    opened.gateway.port = opened.port;
    opened.#close = () => listening.close();
    return opened;
  }

  /** The headers of a question as the page asks it. */
  get headers(): Record<string, string> {
    return {
      "Host": `127.0.0.1:${this.port}`,
      "Authorization": `Bearer ${TOKEN}`,
      "Content-Type": "application/json",
    };
  }

  /** Asks as the page does. */
  async ask(op: string, params: Fields): Promise<{ status: number; body: Fields }> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/${op}`, {
      method: "POST",
      headers: this.headers,
      body: JSON.stringify(params),
    });
    return { status: response.status, body: await response.json() as Fields };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    void this.gateway.close();
    await this.#close?.();
  }
}

/** The text of a request; a body brings its length along. */
export function requestText(
  line: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): string {
  const length = new TextEncoder().encode(body).length;
  const all = body === undefined ? headers : { "Content-Length": `${length}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join("")}Connection: close\r\n\r\n${body ?? ""}`;
}

/** Sends bytes as they are; all that comes until the connection is closed. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("error", () => resolve(answer));
    socket.on("close", () => resolve(answer));
    socket.write(text);
  });
}

/** The status of an answer; 0 where the connection was closed without one. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}
