/**
 * `fh job show`: what a job has cost so far, and who is in it.
 *
 * @module
 */
import { type LivingUsage, readLiving } from "../../ask/living.ts";
import { type Context, tableStyle, useColor } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { bootMoment } from "../../host/boot_clock.ts";
import { localTime } from "../../host/local_time.ts";
import { TICK_NS } from "../../model/process.ts";
import { openProcfs } from "../../proc/procfs.ts";
import type { Fields } from "../../serve/protocol.ts";
import { pause } from "../../steps.ts";
import { LiveScreen } from "../../term/live.ts";
import { mindTerminal } from "../../term/terminal.ts";
import { fitWidth } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import {
  type JobDetail,
  type JobShown,
  type LivingRow,
  renderJob,
  type RunningRow,
} from "../../view/jobs.ts";
import type { Notes } from "../../ask/notes.ts";
import type { JobDoor } from "./door.ts";

const EVERY_MS = 1000;
/** Members that are shown by name. */
const MEMBERS = 20;

interface ShowOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly color?: "auto" | "always" | "never";
}

/** A member that lives, as the answer to `job_members` has it. */
interface Running {
  readonly pid: number;
  readonly start_ticks: number;
  /** Nanoseconds for which it lives, where it is of another host. */
  readonly age_ns?: number;
  readonly user?: string | null;
  readonly uid?: number | null;
  readonly comm?: string | null;
  readonly argv?: readonly string[] | null;
}

/** Shows it once, or again and again until it has ended. */
export async function showJob(
  context: Context,
  door: JobDoor,
  name: string,
  options: ShowOptions,
): Promise<number> {
  const job = await ask(context, door, name);
  if (options.watch) return await new Watch(context, door, job, options).run();
  write(context, job, door.notes, options);
  return EXIT.done;
}

/** What there is to show now; a number names the same job when another has its name. */
async function ask(context: Context, door: JobDoor, job: string): Promise<JobShown> {
  const detail = await door.ask("job_show", { job }) as unknown as JobDetail;
  const running = detail.ended === null ? await askRunning(door, detail.job) : [];
  // What is in /proc here is nothing of other hosts.
  const here = door.isElsewhere ? [] : running;
  const usage = readLiving(
    openProcfs(context.procRoot),
    here.map(({ pid, start_ticks: startTicks }) => ({ pid, startTicks })),
  );
  const { now } = await bootMoment();
  const members = running.slice(-MEMBERS).map((one): RunningRow => ({
    pid: one.pid,
    user: one.user ?? (one.uid == null ? null : String(one.uid)),
    age_ns: one.age_ns ?? Math.max(0, now - one.start_ticks * TICK_NS),
    argv: one.argv ?? [one.comm ?? "?"],
  }));
  return { job: detail, living: livingRow(usage), members };
}

async function askRunning(door: JobDoor, job: number): Promise<readonly Running[]> {
  try {
    const { members } = await door.ask("job_members", { job, running: true });
    return members as readonly Running[];
  } catch (error) {
    // It may have ended in between.
    if ((error as { status?: number }).status === EXIT.notFound) return [];
    throw error;
  }
}

function livingRow({ processes, withStorage, account }: LivingUsage): LivingRow {
  const isKnown = withStorage === processes;
  return {
    processes,
    user_ns: account.userNs,
    system_ns: account.systemNs,
    minor_faults: account.minorFaults,
    major_faults: account.majorFaults,
    peak_bytes: account.peakBytes === 0 ? null : account.peakBytes,
    read_bytes: isKnown ? account.readBytes : null,
    write_bytes: isKnown ? account.writeBytes : null,
  };
}

function write(
  { stdout, env }: Context,
  shown: JobShown,
  notes: Notes,
  options: ShowOptions,
): void {
  if (options.json) {
    const { job, living, members }: JobShown = shown;
    const fields: Fields = { ...job, living, running_members: members, notes };
    stdout.write(`${jsonText(fields)}\n`);
    return;
  }
  const lines = renderJob(shown, tableStyle(stdout, env, options.color), localTime);
  stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** Shows a job each second. */
class Watch {
  readonly #context: Context;
  readonly #door: JobDoor;
  readonly #options: ShowOptions;
  readonly #screen: LiveScreen | null;
  #shown: JobShown;

  constructor(context: Context, door: JobDoor, shown: JobShown, options: ShowOptions) {
    this.#context = context;
    this.#door = door;
    this.#options = options;
    this.#shown = shown;
    const isLive = context.stdout.isTerminal && !options.json;
    this.#screen = isLive ? new LiveScreen(context.stdout) : null;
  }

  /** Until the job has ended, or the command is stopped; then what it was last is left. */
  async run(): Promise<number> {
    const { signal, stdout } = this.#context;
    const forget = this.#screen === null
      ? () => {}
      : mindTerminal(this.#context, this.#screen, () => this.#draw());
    this.#screen?.open();
    try {
      while (!signal.aborted && !stdout.closed) {
        this.#draw();
        if (this.#shown.job.ended !== null) break;
        await pause(EVERY_MS, signal);
        if (signal.aborted) break;
        this.#shown = await ask(this.#context, this.#door, String(this.#shown.job.job));
      }
    } finally {
      this.#screen?.close();
      forget();
    }
    if (this.#screen !== null) write(this.#context, this.#shown, this.#door.notes, this.#options);
    return EXIT.done;
  }

  #draw(): void {
    const { stdout, env } = this.#context;
    if (this.#screen === null) {
      write(this.#context, this.#shown, this.#door.notes, this.#options);
      return;
    }
    // A terminal that was stopped (Ctrl-S) still has the last screen to take.
    if (!this.#screen.isOpen || stdout.pendingBytes > 0) return;
    const colored = useColor(this.#options.color ?? "auto", stdout, env);
    const width = stdout.columns;
    const lines = renderJob(this.#shown, { head: (text) => text, width }, localTime)
      .slice(0, Math.max(1, stdout.rows - 1))
      .map((line) => fitWidth(line, width));
    const [title = "", ...rest] = lines;
    this.#screen.draw([paint(title, "bold", colored), ...rest]);
  }
}
