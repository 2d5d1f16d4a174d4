/**
 * The gateway: one page, and questions of it that are handed on to who knows.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { AnswerText } from "../serve/client/answer_text.ts";
import { jsonText } from "../text/json_text.ts";
import { admit, type RefusalKind, type Rule } from "./admit.ts";
import type { Backend, Fields } from "./backend.ts";
import { readBody } from "./body.ts";
import { drained } from "./drained.ts";
import { failureOf } from "./failure.ts";
import { policyOf, SAFE_HEADERS } from "./headers.ts";
import { WEB_LIMITS } from "./limits.ts";
import { tellLive } from "./live.ts";
import { consentTo, type Kind, kindOf } from "./operations.ts";
import { refuseOthers } from "./refuse_others.ts";
import type { Refusals } from "./refusals.ts";
import { Turns } from "./turns.ts";

/** What a gateway is made of. */
export interface GatewaySettings {
  readonly token: string;
  /** The whole page: HTML with its scripts and styles in it. */
  readonly page: string;
  readonly backend: Backend;
  readonly refusals: Refusals;
  /** Changes nothing. */
  readonly isReadOnly: boolean;
  /** Tells of an error that nobody has foreseen. */
  complain(text: string): void;
}

/** Answers requests. */
export class Gateway {
  /** Not listening yet. */
  readonly server: Server;
  readonly #settings: GatewaySettings;
  readonly #pageHeaders: Readonly<Record<string, string>>;
  readonly #turns = new Turns(WEB_LIMITS.questions, WEB_LIMITS.waiting);
  /** What goes on; aborted when its connection or the gateway ends. */
  readonly #under = new Set<AbortController>();
  /** What is done for it; resolves when all of it has ended, elsewhere too. */
  readonly #asked = new Set<Promise<void>>();
  #rule: Rule;
  #streams = 0;
  readonly #sockets = new Set<Socket>();
  /** Those that have shown the token. */
  readonly #trusted = new WeakSet<Socket>();

  constructor(settings: GatewaySettings) {
    this.#settings = settings;
    this.#rule = { token: settings.token, port: null };
    this.#pageHeaders = {
      ...SAFE_HEADERS,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policyOf(settings.page),
    };
    this.server = createServer({
      maxHeaderSize: WEB_LIMITS.head,
      headersTimeout: WEB_LIMITS.headMs,
      requestTimeout: WEB_LIMITS.requestMs,
      keepAliveTimeout: WEB_LIMITS.idleMs,
      connectionsCheckingInterval: 500,
      // A request without one is refused here, and counted.
      requireHostHeader: false,
    }, (request, response) => void this.#meet(request, response));
    this.server.on("connection", (socket) => this.#connected(socket));
    refuseOthers(this.server, settings.refusals, (response, status, why) => {
      this.#refuse(response, status, why);
      hurry(response);
    });
  }

  /** The port that a Host header must name; null where it may be any. */
  set port(port: number | null) {
    this.#rule = { ...this.#rule, port };
  }

  /** Ends all connections; waits for what was asked elsewhere to be called off, not for long. */
  async close(): Promise<void> {
    for (const one of this.#under) one.abort();
    this.server.closeAllConnections();
    this.server.close();
    if (this.#asked.size === 0) return;
    const ended = new AbortController();
    const all = Promise.allSettled(this.#asked).then(() => ended.abort());
    const patience = delay(WEB_LIMITS.leaveMs, undefined, ended).catch(() => {});
    await Promise.race([all, patience]);
  }

  /** By hand: with `maxConnections` one of the runtimes leaves those open that it drops. */
  #connected(socket: Socket): void {
    if (this.#sockets.size >= WEB_LIMITS.connections) {
      this.#settings.refusals.add("too many", 0);
      // Nobody without a token keeps out who has one.
      const stranger = this.#sockets.values().find((one) => !this.#trusted.has(one));
      (stranger ?? socket).destroy();
      if (stranger === undefined) return;
      this.#sockets.delete(stranger);
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async #meet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const { method = "", url = "", rawHeaders } = request;
    const admission = admit({ method, target: url, rawHeaders }, this.#rule);
    try {
      if (admission.kind === "refused") {
        this.#refuse(response, admission.status, admission.why);
      } else if (admission.kind === "page") {
        // Who has shown no token is not kept.
        response.shouldKeepAlive = false;
        response.writeHead(200, this.#pageHeaders);
        response.end(method === "HEAD" ? undefined : this.#settings.page);
      } else {
        this.#trusted.add(request.socket);
        await this.#question(admission.op, request, response);
      }
    } catch (error) {
      this.#fail(response, error);
    }
    hurry(response);
  }

  async #question(op: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kind = kindOf(op);
    if (kind === null) return this.#refuse(response, 404, "path");
    const params = await readBody(request);
    if (params === null) return this.#refuse(response, 413, "too large");
    // The operation is what the path says: what a body would make of it nobody has allowed.
    const isOther = params !== undefined &&
      (Object.hasOwn(params, "op") || Object.hasOwn(params, "id"));
    if (params === undefined || isOther) return this.#refuse(response, 400, "malformed");
    const controller = new AbortController();
    this.#under.add(controller);
    response.on("close", () => controller.abort());
    const work = kind === "tells"
      ? this.#tell(params, response, controller.signal)
      : this.#answer(op, kind, params, response, controller.signal);
    this.#asked.add(work);
    try {
      await work;
    } catch (error) {
      // Who has gone is told nothing, and what was given up for that is no failure.
      if (!controller.signal.aborted) throw error;
    } finally {
      this.#under.delete(controller);
      this.#asked.delete(work);
    }
  }

  async #answer(
    op: string,
    kind: Kind,
    params: Fields,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const { confirm, ...others } = params;
    if (kind === "changes") {
      if (this.#settings.isReadOnly) return this.#refuse(response, 403, "read-only");
      if (confirm !== consentTo(op, others)) return this.#refuse(response, 428, "not confirmed");
    }
    if (op === "gateway") return send(response, 200, { ok: true, ...await this.#about(signal) });
    const answered = this.#turns.take(() => this.#settings.backend.ask(op, others, signal));
    if (answered === null) return this.#refuse(response, 429, "too many");
    const answer = await answered;
    // A page that is slow to take it keeps nobody from asking.
    if (answer instanceof AnswerText) await handOn(answer, response, signal);
    else send(response, 200, { ok: true, ...answer });
  }

  /** The gateway itself: what it may change, where it asks, whom it has refused. */
  async #about(signal: AbortSignal): Promise<Fields> {
    const { refusals, backend, isReadOnly } = this.#settings;
    const places = await backend.places(signal);
    return {
      unchanging: isReadOnly ? "fh web was started with --read-only" : backend.unchanging,
      ...places,
      refused: refusals.counts,
      streams: this.#streams,
    };
  }

  async #tell(params: Fields, response: ServerResponse, signal: AbortSignal): Promise<void> {
    if (this.#streams >= WEB_LIMITS.streams) return this.#refuse(response, 429, "too many");
    this.#streams++;
    try {
      const lines = await this.#settings.backend.live(params, signal);
      try {
        response.writeHead(200, {
          ...SAFE_HEADERS,
          "Content-Type": "text/event-stream; charset=utf-8",
          "X-Accel-Buffering": "no",
        });
        await tellLive(response, lines, signal);
      } finally {
        lines.close();
      }
    } finally {
      this.#streams--;
    }
  }

  #refuse(response: ServerResponse, status: number, why: RefusalKind): void {
    this.#settings.refusals.add(why, status);
    // What else this connection would send is not read.
    response.shouldKeepAlive = false;
    send(response, status, { ok: false, error: "refused", message: `Refused: ${why}` });
  }

  #fail(response: ServerResponse, error: unknown): void {
    const failure = failureOf(error);
    if (failure === null) {
      this.#settings.complain(`web: ${error instanceof Error ? error.message : String(error)}`);
    }
    const { status, ...fields } = failure ??
      { status: 500, error: "EIO", message: "The gateway has failed; its standard error says how" };
    if (response.headersSent) response.destroy();
    else send(response, status, { ok: false, ...fields });
  }
}

function send(response: ServerResponse, status: number, fields: Fields): void {
  response.writeHead(status, {
    ...SAFE_HEADERS,
    "Content-Type": "application/json",
    ...response.shouldKeepAlive ? {} : { Connection: "close" },
  });
  response.end(jsonText(fields));
}

/** Writes an answer as it comes: the recorder waits for the page, and nothing heaps up here. */
async function handOn(
  { pieces }: AnswerText,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { ...SAFE_HEADERS, "Content-Type": "application/json" });
  const patience = () => AbortSignal.any([signal, AbortSignal.timeout(WEB_LIMITS.idleMs)]);
  for await (const piece of pieces) {
    if (response.write(piece)) continue;
    await drained(response, patience());
    if (response.writableNeedDrain) response.destroy();
    if (response.destroyed) return;
  }
  response.end();
}

/** Who does not take an answer is not waited for. */
function hurry(response: ServerResponse): void {
  if (response.destroyed || response.writableFinished) return;
  const timer = setTimeout(() => response.destroy(), WEB_LIMITS.idleMs);
  timer.unref();
  response.on("close", () => clearTimeout(timer));
}
