/**
 * Headers of every answer: nothing is kept, nothing is lent to other pages, and the page may load
 * and run nothing but itself.
 *
 * @module
 */
import { createHash } from "node:crypto";

const SCRIPT = /<script\b[^>]*>([\s\S]*?)<\/script>/g;
const STYLE = /<style\b[^>]*>([\s\S]*?)<\/style>/g;

/** What all answers have. No header of CORS: other origins read nothing. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** Content-Security-Policy of a page whose scripts and styles stand in it, by their hashes. */
export function policyOf(page: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashes(page, SCRIPT)}`,
    `style-src ${hashes(page, STYLE)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function hashes(page: string, pattern: RegExp): string {
  const found = [...page.matchAll(pattern)].map(([, text]) => {
    return `'sha256-${createHash("sha256").update(text!).digest("base64")}'`;
  });
  return found.length === 0 ? "'none'" : found.join(" ");
}
