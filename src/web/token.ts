/**
 * The token that opens the page: who knows it may ask, and change what the gateway's user may.
 *
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const BYTES = 32;

/** A new one: 256 bits as 43 characters that need no escape in a URL. */
export function newToken(): string {
  return randomBytes(BYTES).toString("base64url");
}

/** Whether it is the same; how long that takes tells nothing of where they differ. */
export function isToken(given: string, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}
