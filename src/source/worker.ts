/**
 * The capture thread: owns the source, sleeps in the kernel, hands over batches.
 *
 * @module
 */
import { getPriority } from "node:os";
import { type MessagePort, parentPort } from "node:worker_threads";
import { check } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { NOTIFY, TASK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { compileEagerly } from "../../ffi/runtime.ts";
import { BatchWriter } from "../model/batch.ts";
import { openProcfs } from "../proc/procfs.ts";
import { readMonotonicOffset } from "../proc/time_offsets.ts";
import { CONTROL, kibOf, UNREAD_KIB_MAX, type WorkerMessage, type WorkerSetup } from "./capture.ts";
import { Clocks } from "./clocks.ts";
import { openLive } from "./open.ts";
import { WaitingText } from "./waiting_text.ts";

/** Pause while the other thread is that far behind. */
const BEHIND_NS = 20e6;
/** The lowest real-time priority: ahead of ordinary tasks, behind every other real-time one. */
const FIFO_PRIORITY = 1;

/** The shortest slice the kernel grants (kernel/sched/syscalls.c, __setparam_fair()). */
const SLICE_NS = 100_000;

/**
 * Puts this thread ahead of the processes it watches: a reader on a busy CPU is otherwise woken
 * after a short program has ended. Real-time scheduling needs CAP_SYS_NICE; the kernel throttles
 * it to kernel.sched_rt_runtime_us of each second, and this thread sleeps most of the time. Where
 * it is refused, a short time slice lets an ordinary thread preempt those with longer ones.
 */
function takePrecedence(libc: Libc, realtime: boolean): void {
  const policy = TASK.SCHED_FIFO | TASK.SCHED_RESET_ON_FORK;
  if (realtime && libc.schedSetscheduler(policy, FIFO_PRIORITY) >= 0) return;
  libc.schedSlice(getPriority(), SLICE_NS);
}

function capture(libc: Libc, setup: WorkerSetup, port: MessagePort): void {
  const control = new Int32Array(setup.control);
  const wake = check("make an eventfd", libc.eventfd(NOTIFY.EFD_CLOEXEC | NOTIFY.EFD_NONBLOCK));
  takePrecedence(libc, setup.options.realtime);
  libc.prctl(TASK.PR_SET_TIMERSLACK, 1);
  const clocks = new Clocks(libc, readMonotonicOffset(openProcfs(setup.options.procRoot)));
  const waiting = new WaitingText();
  const admit = (image: Uint8Array, uidOf: () => number) => waiting.admit(image, uidOf);
  const source = openLive(libc, clocks, { ...setup.options, admit }, wake);
  const post = (message: WorkerMessage) => port.postMessage(message);
  const { info, farewell } = source;
  const { epoch } = clocks;

  const writer = new BatchWriter();
  let postedKib = 0;
  let until: number;
  const handOver = (horizon: number) => {
    const batch = writer.take(horizon, clocks.epoch);
    if (batch === null) return;
    postedKib = (postedKib + kibOf(batch)) | 0;
    waiting.posted(postedKib);
    port.postMessage(batch, [batch]);
  };
  const unread = () => {
    const consumedKib = Atomics.load(control, CONTROL.consumedKib);
    waiting.consumed(consumedKib);
    return (postedKib - consumedKib) | 0;
  };
  try {
    const time = source.snapshot(writer);
    // Whoever is told that it is open may count on everything from then on.
    post({ type: "opened", info, epoch, time, wake, farewell });
    while (Atomics.load(control, CONTROL.stop) === 0) {
      source.turn(writer);
      handOver(source.horizon);
      const text = source.takeNote?.() ?? null;
      if (text !== null) post({ type: "note", text });
      while (unread() > UNREAD_KIB_MAX && Atomics.load(control, CONTROL.stop) === 0) {
        source.idle(BEHIND_NS);
      }
    }
    // What happened up to the stop belongs to the record.
    until = source.settle(writer);
    handOver(Infinity);
  } finally {
    source.close();
  }
  post({ type: "closed", until });
}

async function main(port: MessagePort): Promise<void> {
  compileEagerly();
  // Whoever starts the thread may not know yet what is wanted.
  const asked = new Promise<WorkerSetup>((resolve) => port.once("message", resolve));
  try {
    const libc = await openLibc();
    capture(libc, await asked, port);
  } catch (error) {
    const { message, advice, stack } = error as Error & { advice?: string };
    const failed: WorkerMessage = {
      type: "failed",
      message,
      advice: advice ?? null,
      stack: stack ?? null,
    };
    port.postMessage(failed);
  }
}

if (parentPort !== null) void main(parentPort);
