/**
 * Listening for others than fh's own clients: on a port, or on a socket in a folder.
 *
 * @module
 */
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { ListenError } from "./listen.ts";
import { checkPlace } from "./open.ts";

/** An IP address and a port (0: any). */
export interface PortPlace {
  readonly host: string;
  readonly port: number;
}

/** A path, and the gid of who may connect beside its owner; null: nobody. */
export interface PathPlace {
  readonly path: string;
  readonly group: number | null;
}

/** Where is listened. */
export interface Listening {
  /** With the port that was found. */
  readonly place: PortPlace | PathPlace;
  /** `127.0.0.1:9811` or `unix:/run/fh/metrics.sock`. */
  readonly shown: string;
  close(): Promise<void>;
}

/** Name of a socket while its rights are being set, and how much longer its path is then. */
const NAME = "s";
const SUFFIX = ".XXXXXX/s".length;

/** Listens on a port; rejects with an Error that names it. */
export async function listenAtPort(
  server: Server,
  { host, port }: PortPlace,
): Promise<Listening> {
  const shown = (at: number) => `${host.includes(":") ? `[${host}]` : host}:${at}`;
  await listen(server, { host, port }, shown(port));
  const { port: found } = server.address() as AddressInfo;
  return { place: { host, port: found }, shown: shown(found), close: () => close(server) };
}

/**
 * The socket is made in a folder that is closed to others, and gets its name when its rights are
 * right. Rejects with an Error that names the path.
 */
export async function listenAtPath(server: Server, place: PathPlace): Promise<Listening> {
  const { path, group } = place;
  await checkPlace(path, SUFFIX);
  const folder = mkdtempSync(`${path}.`);
  try {
    const made = join(folder, NAME);
    await listen(server, { path: made }, path);
    if (group !== null) lchownSync(made, -1, group);
    chmodSync(made, group === null ? 0o600 : 0o660);
    renameSync(made, path);
  } catch (error) {
    await close(server);
    if (error instanceof ListenError) throw error;
    throw new Error(`Cannot listen on ${path}: ${(error as Error).message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { ino, dev } = lstatSync(path);
  return {
    place,
    shown: `unix:${path}`,
    async close() {
      const there = lstatSync(path, { throwIfNoEntry: false });
      if (there?.ino === ino && there.dev === dev) unlinkSync(path);
      await close(server);
    },
  };
}

function listen(
  server: Server,
  where: PortPlace | { readonly path: string },
  shown: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(`Cannot listen on ${shown}: ${error.code ?? error.message}`));
    });
    server.listen({ ...where, backlog: 64 }, () => {
      server.removeAllListeners("error");
      // What goes wrong with one connection is its own.
      server.on("error", () => {});
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
