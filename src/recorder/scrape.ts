/**
 * What who scrapes metrics is answered: HTTP/1.1 (RFC 9112), one request on a connection.
 *
 * @module
 */
import { chooseFormat } from "../metrics/accept.ts";
import { MEDIA_TYPES, type TextFormat } from "../metrics/exposition.ts";

/** Where they are. */
export const METRICS_PATH = "/metrics";

const PLAIN = "text/plain; charset=utf-8";
const encoder = new TextEncoder();
/** By these names a browser may call a server of its own host, and by no other (DNS rebinding). */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i;

/** What is needed to answer. */
export interface Scraped {
  /** The metrics as they are now. */
  text(format: TextFormat): string;
  /** It is at a port to which programs of this host alone can connect: browsers among them. */
  readonly isLocal: boolean;
}

interface Answer {
  readonly status: string;
  readonly type: string;
  readonly body: string;
  readonly more?: string;
}

/** The bytes of the answer to a request, of which `head` is all up to the empty line. */
export function answerTo(head: string, scraped: Scraped): Uint8Array {
  const [line = "", ...fields] = head.split(/\r?\n/);
  const [, method, target] = /^([A-Z]{1,16}) (\S+) HTTP\/1\.[01]$/.exec(line) ?? [];
  const answer = method === undefined || target === undefined
    ? refusal("400 Bad Request", "no HTTP/1.1")
    : answerOf(method, pathOf(target), headersOf(fields), scraped);
  return answerBytes(answer, method === "HEAD");
}

/** The answer to who has sent too much. */
export function tooLong(): Uint8Array {
  return answerBytes(refusal("431 Request Header Fields Too Large", "too long"), false);
}

function answerOf(
  method: string,
  path: string | null,
  headers: ReadonlyMap<string, string>,
  { text, isLocal }: Scraped,
): Answer {
  const host = headers.get("host");
  if (isLocal && host !== undefined && !LOCAL_HOST.test(host)) {
    return refusal("421 Misdirected Request", "ask for it by localhost or 127.0.0.1");
  }
  if (path !== METRICS_PATH && path !== "/") return refusal("404 Not Found", `see ${METRICS_PATH}`);
  if (method !== "GET" && method !== "HEAD") {
    return { ...refusal("405 Method Not Allowed", "GET and HEAD alone"), more: "Allow: GET, HEAD" };
  }
  if (path === "/") return { status: "200 OK", type: PLAIN, body: `fh: see ${METRICS_PATH}\n` };
  const format = chooseFormat(headers.get("accept"));
  try {
    return {
      status: "200 OK",
      type: MEDIA_TYPES[format],
      body: text(format),
      more: "Vary: Accept",
    };
  } catch (error) {
    // The recorder goes on; who scrapes will tell.
    return refusal("500 Internal Server Error", (error as Error).message);
  }
}

function refusal(status: string, help: string): Answer {
  return { status, type: PLAIN, body: `${status.slice(4)}: ${help}\n` };
}

function answerBytes({ status, type, body, more }: Answer, headAlone: boolean): Uint8Array {
  const bytes = encoder.encode(body);
  const head = encoder.encode([
    `HTTP/1.1 ${status}`,
    `Content-Type: ${type}`,
    `Content-Length: ${bytes.length}`,
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    ...more === undefined ? [] : [more],
    "Connection: close",
    "\r\n",
  ].join("\r\n"));
  if (headAlone) return head;
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}

/** Without what stands behind `?`; null where it is none. */
function pathOf(target: string): string | null {
  const path = /^(?:https?:\/\/[^/?#]*)?(\/[^?#]*)?/i.exec(target)?.[1];
  return path ?? (target.includes("://") ? "/" : null);
}

/** Fields by their names in small letters; one that is repeated is a list. */
function headersOf(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const before = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), before === undefined ? value! : `${before}, ${value}`);
  }
  return headers;
}
