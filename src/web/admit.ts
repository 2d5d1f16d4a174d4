/**
 * Who is let in: a request by its head, before anything of it is looked into. Pure.
 *
 * A page of another origin, a name that was made to mean this host, and whoever has no token are
 * refused. No cookie is ever looked at, because browsers send those of all ports of a host.
 *
 * @module
 */
import { isToken } from "./token.ts";

/** The head of a request. */
export interface Head {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  /** Names and values in turns, as they were sent. */
  readonly rawHeaders: readonly string[];
}

/** What holds for all requests. */
export interface Rule {
  readonly token: string;
  /** The port that a Host header must name; null where an ssh forward may have any. */
  readonly port: number | null;
}

/** Why a request is refused, as it is counted and logged. */
export type RefusalKind =
  | "host"
  | "origin"
  | "no token"
  | "wrong token"
  | "method"
  | "path"
  | "type"
  | "expectation"
  | "upgrade"
  | "malformed"
  | "too large"
  | "too slow"
  | "too many"
  | "read-only"
  | "not confirmed";

/** What becomes of a request. */
export type Admission =
  | { readonly kind: "page" }
  | { readonly kind: "question"; readonly op: string }
  | { readonly kind: "refused"; readonly status: number; readonly why: RefusalKind };

/** Names under which a browser of this host, or at the other end of a forward, knows it. */
const NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);
const HOST = /^(.*?)(?::(\d{1,5}))?$/;
const HTTP_PORT = 80;
const QUESTION = /^\/api\/([a-z]+(?:_[a-z]+)*)$/;
const BEARER = /^Bearer ([\w-]{1,128})$/i;

/** Looks at a head. */
export function admit(head: Head, rule: Rule): Admission {
  const hosts = valuesOf(head, "host");
  if (hosts.length !== 1 || !isHere(hosts[0]!, rule.port)) return refused(421, "host");
  const origins = valuesOf(head, "origin");
  const isOwn = (origin: string) => origin === `http://${hosts[0]!}`;
  if (origins.length > 1 || !origins.every(isOwn)) return refused(403, "origin");
  if (head.target === "/") {
    return head.method === "GET" || head.method === "HEAD"
      ? { kind: "page" }
      : refused(405, "method");
  }
  return admitQuestion(head, rule);
}

/** A question, which says the token and is no form of another page. */
function admitQuestion(head: Head, { token }: Rule): Admission {
  const op = QUESTION.exec(head.target)?.[1];
  if (op === undefined) return refused(404, "path");
  const sites = valuesOf(head, "sec-fetch-site");
  if (sites.some((site) => site !== "same-origin")) return refused(403, "origin");
  const given = valuesOf(head, "authorization");
  if (given.length === 0) return refused(401, "no token");
  const bearer = given.length === 1 ? BEARER.exec(given[0]!)?.[1] : undefined;
  if (bearer === undefined || !isToken(bearer, token)) return refused(401, "wrong token");
  if (head.method !== "POST") return refused(405, "method");
  const types = valuesOf(head, "content-type");
  if (types.length !== 1 || types[0] !== "application/json") return refused(415, "type");
  return { kind: "question", op };
}

function refused(status: number, why: RefusalKind): Admission {
  return { kind: "refused", status, why };
}

function isHere(host: string, port: number | null): boolean {
  const [, name = "", digits] = HOST.exec(host.toLowerCase()) ?? [];
  return NAMES.has(name) && (port === null || Number(digits ?? HTTP_PORT) === port);
}

/** All values of a header: that there are several is never hidden. */
function valuesOf({ rawHeaders }: Head, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === name);
}
