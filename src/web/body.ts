/**
 * The body of a request: one JSON object of bounded length.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Fields } from "./backend.ts";
import { WEB_LIMITS } from "./limits.ts";

/** Reads it; null for what is too large, undefined for what is no object or never ends. */
export async function readBody(request: IncomingMessage): Promise<Fields | null | undefined> {
  const told = Number(request.headers["content-length"] ?? 0);
  if (!(told <= WEB_LIMITS.body)) return null;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      size += (chunk as Uint8Array).length;
      if (size > WEB_LIMITS.body) return null;
      chunks.push(chunk as Uint8Array);
    }
  } catch {
    return undefined;
  }
  return parse(chunks);
}

function parse(chunks: readonly Uint8Array[]): Fields | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Fields : undefined;
  } catch {
    return undefined;
  }
}
