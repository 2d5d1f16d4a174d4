/**
 * Where a stream of NATS is, and who may write to it: a URL, and what the environment and systemd
 * keep for it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, EXIT, UsageError } from "../../fault.ts";

type Env = Readonly<Record<string, string | undefined>>;

const PORT = 4222;
/** Subjects of the messages begin with this. */
const SUBJECT = "fh";
/** Of the systemd unit: LoadCredential=fh-nats-password:/etc/fh/nats-password, and so on. */
const CREDENTIALS = {
  creds: "fh-nats-creds",
  password: "fh-nats-password",
  token: "fh-nats-token",
};

/** What lets fh in; each is a secret or null. */
export interface NatsSecrets {
  /** The text of a .creds file. */
  readonly creds: string | null;
  /** The seed of an nkey. */
  readonly seed: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
}

/** How a stream is reached. */
export interface NatsPlace {
  /** HOST:PORT, and HOST. */
  readonly server: string;
  readonly host: string;
  readonly stream: string;
  /** What its subjects begin with, before the host. */
  readonly subject: string;
  /** Whether nothing is sent in plain text; null: as the server has it. */
  readonly tls: true | null;
  /** PEM for TLS: the authority, and the certificate and key of this client. */
  readonly tlsTexts: Readonly<Record<"ca" | "cert" | "key", string | null>>;
  readonly secrets: NatsSecrets;
  /** For messages. */
  readonly shown: string;
}

/**
 * Reads `nats://user@host:port/STREAM?subject=…&tls=off`, as an option has it: a password in it
 * would be there for everybody to read. Throws UsageError.
 */
export function parseNats(text: string): string {
  const url = urlOf(text);
  if (url.password !== "") {
    const advice = "give it by NATS_PASSWORD, NATS_CREDS or a systemd credential";
    throw new UsageError(
      `Bad target: a command line with a password can be read by all; ${advice}`,
    );
  }
  for (const name of url.searchParams.keys()) {
    if (name === "subject" || name === "tls") continue;
    throw bad(`${JSON.stringify(name)} is no setting`, "give ?subject=… or ?tls=off");
  }
  const tls = url.searchParams.get("tls");
  if (tls !== null && tls !== "off") throw bad(`tls=${tls}`, "give ?tls=off, or nothing");
  const subject = url.searchParams.get("subject");
  if (subject !== null && !/^[\w$-]+(?:\.[\w$-]+)*$/.test(subject)) {
    throw bad(`the subject ${JSON.stringify(subject)}`, "give words with dots between them");
  }
  streamOf(url);
  return text;
}

/** The stream that a URL names. Throws UsageError, or CommandError where a file is missing. */
export function natsPlace(text: string, env: Env): NatsPlace {
  const url = urlOf(text);
  const stream = streamOf(url);
  const server = `${url.hostname}:${url.port || PORT}`;
  const isOff = url.searchParams.get("tls") === "off";
  const named = (name: string) => env[name] || null;
  return {
    ...{ server, host: url.hostname, stream, shown: `nats://${server}/${stream}` },
    subject: url.searchParams.get("subject") ?? SUBJECT,
    tls: isOff || isLocal(url.hostname) ? null : true,
    tlsTexts: {
      ca: contents(env["NATS_CA"]),
      cert: contents(env["NATS_CERT"]),
      key: contents(env["NATS_KEY"]),
    },
    secrets: {
      creds: credential(env, CREDENTIALS.creds) ?? contents(env["NATS_CREDS"]),
      seed: contents(env["NATS_NKEY"])?.trim() ?? null,
      user: decodeURIComponent(url.username) || named("NATS_USER"),
      password: credential(env, CREDENTIALS.password)?.trimEnd() ?? named("NATS_PASSWORD"),
      token: credential(env, CREDENTIALS.token)?.trimEnd() ?? named("NATS_TOKEN"),
    },
  };
}

/** The subject of a host: a dot, a blank or a wildcard in its name would be another. */
export function subjectOf({ subject }: Pick<NatsPlace, "subject">, host: string): string {
  return `${subject}.${host.replaceAll(/[^\w-]/g, "_")}`;
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw bad("it is no URL", "give nats://host/STREAM");
  // WHATWG reads hosts and users of the schemes alone that it knows.
  const url = new URL(text);
  if (url.hostname === "") throw bad("it names no host", "give nats://host/STREAM");
  return url;
}

function streamOf({ pathname }: URL): string {
  const stream = decodeURIComponent(pathname.slice(1));
  // What names of streams may have (ADR-6 of NATS).
  if (/^[^\s.*>/\\\p{Cc}]{1,255}$/u.test(stream)) return stream;
  const what = stream === "" ? "it names no stream" : `the stream ${JSON.stringify(stream)}`;
  throw bad(what, "give nats://host/STREAM");
}

function isLocal(host: string): boolean {
  return host === "localhost" || /^127(?:\.\d+){3}$/.test(host) || host === "[::1]";
}

function bad(what: string, advice: string): UsageError {
  return new UsageError(`Bad target: ${what}; ${advice}`);
}

function contents(path: string | undefined): string | null {
  if (!path) return null;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(EXIT.failed, `Cannot read ${path}: ${code ?? message}; see its mode`);
  }
}

function credential(env: Env, name: string): string | null {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder === undefined) return null;
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new CommandError(EXIT.failed, `Cannot read ${name}: ${code ?? message}; see its mode`);
  }
}
