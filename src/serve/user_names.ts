/**
 * Names of users in requests, which a name service may have to be asked for before they mean
 * anybody.
 *
 * @module
 */
import type { Users } from "../proc/passwd.ts";
import type { Done, Operation, Peer, Request } from "./protocol.ts";

/** Whom names stand for. */
export type NamedUsers = Pick<Users, "unknown" | "learn">;

/** The names in a request that nobody knows yet: in its filter, and before the name of a job. */
export function unknownNames(params: Request["params"], users: NamedUsers): string[] {
  const { filter, job } = params as { filter?: { user?: unknown } | null; job?: unknown };
  const asked: unknown[] = [filter?.user ?? []].flat();
  if (typeof job === "string" && job.includes("/")) asked.push(job.slice(0, job.lastIndexOf("/")));
  return users.unknown(asked.filter((name) => typeof name === "string"));
}

/** What an operation answers once these names were asked for. */
export function onceKnown(
  names: readonly string[],
  users: NamedUsers,
  operation: Operation,
  peer: Peer,
  request: Request,
): Done {
  let after: Done["after"];
  const fields = users.learn(names).then(() => {
    const done = operation(peer, request);
    after = done.after?.bind(done);
    return done.fields;
  });
  return { fields, after: () => after?.() };
}
