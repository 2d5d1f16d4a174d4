/**
 * Which job is meant: a number, a name of one's own, or `USER/NAME`.
 *
 * @module
 */
import type { Users } from "../proc/passwd.ts";
import { Refusal } from "../fault.ts";

/** A job as somebody names it. */
export interface JobName {
  /** As it was given. */
  readonly text: string;
  /** Null: by name. */
  readonly id: number | null;
  readonly name: string;
  /** uid of whose job it is; null where there is no such user. */
  readonly owner: number | null;
}

/** What tells jobs apart. */
interface Named {
  readonly id: number;
  readonly name: string;
  readonly owner: number;
}

/**
 * Reads it: a name alone is one of `uid`, who asks. Whoever may end the jobs of all would else
 * end another's, once their own of that name has ended.
 */
export function readJobName(text: string, uid: number, users: Users): JobName {
  if (/^\d+$/.test(text)) return { text, id: Number(text), name: "", owner: null };
  const slash = text.lastIndexOf("/");
  if (slash < 0) return { text, id: null, name: text, owner: uid };
  return { text, id: null, name: text.slice(slash + 1), owner: users.uid(text.slice(0, slash)) };
}

/** Whether that job is meant. */
export function isMeant({ id, name, owner }: JobName, job: Named): boolean {
  return id === null ? job.name === name && job.owner === owner : job.id === id;
}

/** There is no such job, or none that the asker may know of; `others` have that name. */
export function noJob(
  { text }: Pick<JobName, "text">,
  others: readonly Named[] = [],
  users?: Users,
): Refusal {
  const name = text.slice(0, 80);
  if (others.length === 0) {
    return new Refusal("ESRCH", `No such job: ${name}; fh job list --all shows them`);
  }
  const owners = new Set(others.map(({ owner }) => users?.name(owner) ?? String(owner)));
  const names = [...owners].slice(0, 3).map((owner) => `${owner}/${name}`).join(" or ");
  return new Refusal("ESRCH", `No such job of yours: ${name}; give the number, or ${names}`);
}
