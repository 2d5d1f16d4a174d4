/**
 * Requests that are none to the page: what the parser of the runtime does not take, tunnels,
 * upgrades and expectations. The runtime would refuse most of them by itself, uncounted.
 *
 * @module
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RefusalKind } from "./admit.ts";
import type { Refusals } from "./refusals.ts";

/** What the parser says of a request that it gives up; all else is malformed. */
const BY_CODE: Readonly<Record<string, RefusalKind>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "too slow",
  HPE_HEADER_OVERFLOW: "too large",
};

/** Counts and refuses them; `answer` is what refuses a request that has an answer. */
export function refuseOthers(
  server: Server,
  refusals: Refusals,
  answer: (response: ServerResponse, status: number, why: RefusalKind) => void,
): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Who hangs up has asked for nothing.
    if (error.code !== "ECONNRESET") refusals.add(BY_CODE[error.code ?? ""] ?? "malformed", 400);
    socket.destroy();
  });
  const expects = (_request: IncomingMessage, response: ServerResponse) => {
    answer(response, 417, "expectation");
  };
  server.on("checkContinue", expects);
  server.on("checkExpectation", expects);
  // These leave a bare connection behind, on which nothing is said any more.
  const leaves = (why: RefusalKind, status: number) => (_: IncomingMessage, socket: Duplex) => {
    refusals.add(why, status);
    socket.on("error", () => {});
    const text = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    socket.end(text, () => socket.destroy());
  };
  server.on("connect", leaves("method", 405));
  server.on("upgrade", leaves("upgrade", 426));
}
