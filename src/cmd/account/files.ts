/**
 * What `fh account -d` and `-x` do: accounting files and job files.
 *
 * @module
 */
import { type AccountReading, readAccounts } from "../../acct/file.ts";
import { type Member, readJobFile } from "../../acct/job_file.ts";
import { AccountJoin } from "../../acct/join.ts";
import { AcctTotals } from "../../acct/totals.ts";
import { parseUser } from "../../ask/text/values.ts";
import type { Context } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import { localTime } from "../../host/local_time.ts";
import { OTHER_NAMES } from "../../jobs/kept_job.ts";
import type { TableStyle } from "../../text/table.ts";
import { decodeText } from "../../model/image.ts";
import type { Users } from "../../proc/passwd.ts";
import { openUsers } from "../../proc/users.ts";
import { Breath, type Steps } from "../../steps.ts";
import {
  elsaLines,
  type Fields,
  memberFields,
  recordFields,
  recordHead,
  recordLine,
  renderMembers,
  renderTotals,
  totalsFields,
  type TotalsRow,
} from "../../view/account.ts";
import type { AccountKey } from "../../ask/account_keys.ts";
import { LastOnes } from "./last_ones.ts";
import { AccountOutput, checkForm, type FormOptions } from "./output.ts";

/** Commands or users that have a row of their own; all others of a file have one together. */
const GROUPS_MAX = 65_536;

interface AccountOptions extends FormOptions {
  readonly dump?: boolean;
  readonly compute?: boolean;
  readonly acct?: string;
  readonly jobs?: string;
  readonly by?: AccountKey;
  readonly user?: readonly string[];
  readonly comm?: readonly ((text: string) => boolean)[];
  readonly failed?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly pid?: unknown;
  readonly match?: unknown;
  readonly minDuration?: unknown;
  readonly cgroup?: unknown;
  readonly sort?: unknown;
}

/** Filters by what a file does not have, and their options. */
const OF_HISTORY = [
  ["pid", "--pid"],
  ["match", "--match"],
  ["minDuration", "--min-duration"],
  ["cgroup", "--cgroup"],
  ["sort", "--sort"],
] as const;

/** What a record is asked for. */
interface Asked {
  readonly uid: number;
  readonly waitStatus: number;
  readonly comm: Uint8Array;
}

/** Runs the command; the exit status comes back. */
export async function runAccount(
  context: Context,
  options: AccountOptions,
): Promise<number> {
  checkOptions(options);
  const { acct, jobs } = options;
  const run = new AccountRun(context, options);
  if (options.dump === options.compute) {
    throw new UsageError(
      options.dump
        ? "Conflicting options: --dump, --compute; give one of them"
        : "Missing action: give -d to show a file, or -x to sum up; see fh account --help",
    );
  }
  if (options.dump) {
    if (acct !== undefined && jobs === undefined) return await run.dumpRecords(acct);
    if (acct === undefined && jobs !== undefined) return await run.dumpMembers(jobs);
    throw new UsageError(
      acct === undefined
        ? "Missing file: give -a FILE to show an accounting file, or -j FILE to show a job file"
        : "Conflicting options: --acct, --jobs; -d shows one file: give one of them",
    );
  }
  if (acct === undefined) {
    throw new UsageError("Missing file: -x sums up an accounting file; give it by -a FILE");
  }
  return await (jobs === undefined ? run.sumAll(acct) : run.sumJobs(acct, jobs));
}

/** Options that do not go together. */
function checkOptions(options: AccountOptions): void {
  checkForm(options);
  const { dump, compute, jobs, by, user, comm, failed, elsa, since, until } = options;
  if ((dump || compute) && (since ?? until) !== undefined) {
    const [time, action] = [since === undefined ? "--until" : "--since", dump ? "-d" : "-x"];
    throw new UsageError(
      `Bad options: ${action} with ${time}, which is for the history; ` +
        "take one of them",
    );
  }
  const other = OF_HISTORY.find(([name]) => options[name] !== undefined)?.[1];
  if (other !== undefined) {
    throw new UsageError(`Bad option: ${other} is for the history; take it without a file`);
  }
  if (elsa && (dump || jobs === undefined)) {
    throw new UsageError("Bad option: --elsa is for jobs; give -x, -a FILE and -j FILE with it");
  }
  if (by !== undefined && (dump || jobs !== undefined)) {
    throw new UsageError("Bad option: --by is for sums without jobs; give -x and -a FILE with it");
  }
  if (by !== undefined && by !== "command" && by !== "user") {
    const what = `Bad key: ${by}; an accounting file has sums by command and user`;
    throw new UsageError(`${what}, those by ${by} are asked of the history, without -x`);
  }
  const isFiltered = user !== undefined || comm !== undefined || failed;
  if (isFiltered && dump && jobs !== undefined) {
    const names = "--user, --comm and --failed";
    throw new UsageError(`Bad option: ${names} choose accounting records; give -a FILE with them`);
  }
}

/** One call of the command. */
class AccountRun {
  readonly #context: Context;
  readonly #options: AccountOptions;
  readonly #out: AccountOutput;
  readonly #breath: Breath;
  readonly #users: Users = openUsers();
  readonly #filter: (record: Asked) => boolean;

  constructor(context: Context, options: AccountOptions) {
    this.#context = context;
    this.#options = options;
    this.#filter = filterOf(options, this.#users);
    this.#out = new AccountOutput(context, options);
    this.#breath = new Breath(context.signal);
  }

  async dumpRecords(path: string): Promise<number> {
    const { json, csv } = this.#options;
    const { signal } = this.#context;
    const isTable = !json && !csv;
    const { head, width } = this.#out.style;
    const { limit } = this.#options;
    const last = new LastOnes<string | Fields>(limit ?? 1);
    let shown = 0;
    const put = (row: string | Fields) => {
      if (isTable && shown++ === 0) this.#out.addLine(head(recordHead(width)));
      if (typeof row === "string") this.#out.addLine(row);
      else this.#out.addFields(row);
    };
    const reading = await readAccounts(path, signal, {
      onRecord: (record) => {
        if (!this.#filter(record)) return;
        const comm = decodeText(record.comm);
        const user = this.#users.name(record.uid);
        const row = isTable
          ? recordLine(record, comm, user, localTime(record.startS * 1000), width)
          : recordFields(record, comm, user);
        if (limit === undefined) put(row);
        else last.add(row);
      },
      onPiece: () => this.#out.write(),
    });
    for (const row of last.all()) put(row);
    return await this.#end(path, reading);
  }

  async dumpMembers(path: string): Promise<number> {
    const { json, csv, limit } = this.#options;
    const isTable = !json && !csv;
    const last = new LastOnes<Member>(limit ?? Infinity);
    let count = 0;
    for await (const member of readJobFile(path, this.#context.signal)) {
      count++;
      if (isTable || limit !== undefined) last.add(member);
      else await this.#out.putFields(memberFields(member));
    }
    const members = isTable ? last.all() : [];
    if (!isTable) { for (const one of last.all()) await this.#out.putFields(memberFields(one)); }
    if (members.length > 0) await this.#putTable(renderMembers, members);
    await this.#out.write();
    if (count === 0) this.#out.note(`job file ${path} names no process`);
    return EXIT.done;
  }

  async sumAll(path: string): Promise<number> {
    const { by } = this.#options;
    const all = new AcctTotals();
    const groups = new Map<string, AcctTotals>();
    const reading = await readAccounts(path, this.#context.signal, {
      onRecord: (record) => {
        if (!this.#filter(record)) return;
        all.add(record);
        if (by === undefined) return;
        let key = by === "command" ? decodeText(record.comm) : this.#userOf(record.uid);
        if (groups.size >= GROUPS_MAX && !groups.has(key)) key = OTHER_NAMES;
        let totals = groups.get(key);
        if (totals === undefined) groups.set(key, totals = new AcctTotals());
        totals.add(record);
      },
    });
    if (this.#isStopped("sum up")) return EXIT.done;
    const rows: TotalsRow[] = [...groups]
      .sort(([a, x], [b, y]) => y.cpuCs - x.cpuCs || y.processes - x.processes || (a < b ? -1 : 1))
      .map(([key, totals]) => ({ of: [[by!, key]], totals }));
    await this.#writeTotals(by === undefined ? [{ of: [], totals: all }] : rows);
    return await this.#end(path, reading);
  }

  async sumJobs(path: string, jobFile: string): Promise<number> {
    const { signal } = this.#context;
    const join = new AccountJoin();
    for await (const member of readJobFile(jobFile, signal)) join.addMember(member);
    let withoutPid = 0;
    const reading = await readAccounts(path, signal, {
      onRecord: (record) => {
        if (record.pid === null) withoutPid++;
        else join.add(record);
      },
    });
    if (this.#isStopped("account jobs")) return EXIT.done;
    const jobs = await this.#breath.finish(join.accounts(this.#filter));
    const [all, found] = [sum(jobs, "members"), sum(jobs, "accounted")];
    if (found === 0) {
      if (withoutPid > 0) throw noPids(path, withoutPid, "give a file of version 3");
      // Say first what may be the reason.
      if (reading.damage !== null) await this.#end(path, reading);
      throw noneFound(path, jobFile, all);
    }
    const rows = jobs.map(({ job, name, totals, ...more }): TotalsRow => {
      return { of: [["job", job], ["name", name]], totals, more };
    });
    if (this.#options.elsa) {
      for (const { job, totals } of jobs.slice(0, this.#options.limit)) {
        await this.#out.putLines(elsaLines(job, totals));
      }
    }
    await this.#writeTotals(rows);
    const { strangers, crowded } = join;
    const others = strangers > 0 ? `; ${strangers} records are of no member` : "";
    const alike = `; ${crowded} are like too many of the same pid and second`;
    this.#out.note(`accounted ${found} of ${all} members${others}${crowded > 0 ? alike : ""}`);
    const status = await this.#end(path, reading);
    if (withoutPid === 0) return status;
    const error = noPids(path, withoutPid, "what they tell is missing here");
    tell(this.#context, error.message);
    return EXIT.failed;
  }

  async #writeTotals(all: readonly TotalsRow[]): Promise<void> {
    const { json, csv, elsa, limit } = this.#options;
    const rows = all.slice(0, limit);
    if (json || csv) {
      for (const row of rows) await this.#out.putFields(totalsFields(row));
    } else if (!elsa && rows.length > 0) {
      await this.#putTable(renderTotals, rows);
    }
    await this.#out.write();
  }

  async #putTable<Row>(
    render: (rows: readonly Row[], style: TableStyle) => Steps<string[]>,
    rows: readonly Row[],
  ): Promise<void> {
    const lines = await this.#breath.finish(render(rows, this.#out.style));
    await this.#out.putLines(lines);
  }

  /** Says what is wrong with the file; the exit status comes back. */
  async #end(path: string, { records, damage }: AccountReading): Promise<number> {
    await this.#out.write();
    if (damage === null) {
      if (records === 0 && !this.#context.signal.aborted) {
        this.#out.note(`accounting file ${path} has no records`);
      }
      return EXIT.done;
    }
    const what = `Cannot read all of accounting file ${path}: ${damage}`;
    const line = `${what}; what can be read is used, number of records: ${records}`;
    tell(this.#context, line);
    return EXIT.failed;
  }

  /** Whether the reader is gone; an interrupted sum would be a wrong one. */
  #isStopped(act: string): boolean {
    const { signal } = this.#context;
    if (!signal.aborted) return false;
    if (signal.reason === "SIGPIPE") return true;
    const what = `Cannot ${act}: stopped by ${signal.reason}`;
    throw new CommandError(EXIT.failed, `${what}; the file was not read to its end`);
  }

  #userOf(uid: number): string {
    return this.#users.name(uid) ?? String(uid);
  }
}

function filterOf(options: AccountOptions, users: Users): (record: Asked) => boolean {
  const { user, comm, failed } = options;
  const tests: ((record: Asked) => boolean)[] = [];
  if (failed) tests.push(({ waitStatus }) => waitStatus !== 0);
  if (user !== undefined) {
    const uids = new Set(user.map((text) => parseUser(text, users)));
    tests.push(({ uid }) => uids.has(uid));
  }
  if (comm !== undefined) {
    tests.push((record) => {
      const name = decodeText(record.comm);
      return comm.some((test) => test(name));
    });
  }
  return (record) => tests.every((test) => test(record));
}

function sum<Name extends string>(
  rows: readonly Readonly<Record<Name, number>>[],
  name: Name,
): number {
  return rows.reduce((total, row) => total + row[name], 0);
}

function noPids(path: string, count: number, then: string): CommandError {
  const what = `Cannot account jobs by all of ${path}: ${count} records are of version 2`;
  return new CommandError(EXIT.failed, `${what}, which has no pids; ${then}`);
}

function noneFound(path: string, jobFile: string, members: number): CommandError {
  const seen = members === 0
    ? `${jobFile} names no process`
    : `of the ${members} members in ${jobFile} none has a record in ${path}`;
  const advice = "give files of the same time, and have accounting on (accton) when members end";
  return new CommandError(EXIT.notFound, `No accounts: ${seen}; ${advice}`);
}
