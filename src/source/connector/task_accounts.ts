/**
 * The records that the kernel sends when tasks exit: taskstats, generic netlink.
 *
 * A record is sent before the proc connector tells the exit: who drains the connector first finds
 * the records of all exits that it has told.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { Datagrams, Libc } from "../../../ffi/libc.ts";
import { SOCKET } from "../../../ffi/linux.ts";
import { encodeFigures } from "../../model/account.ts";
import type { BatchWriter } from "../../model/batch.ts";
import { EVENT, SourceEvent } from "../../model/event.ts";
import { decodeAnswer, decodeFamily, encodeGetFamily } from "../../wire/genl.ts";
import {
  commOfRecord,
  decodeExitRecord,
  encodeTaskstatsListen,
  TaskAccount,
  TASKSTATS_FAMILY,
} from "../../wire/taskstats.ts";
import { WireError } from "../../wire/wire_error.ts";
import type { Clocks } from "../clocks.ts";
import { pollSet } from "../listen.ts";
import type { ExitNames } from "./exit_names.ts";

/** 16 MiB asked for; the kernel doubles it. Memory is used only while records wait. */
const RCVBUF_WANTED = 16 << 20;
/** A record of Linux 6.18 has some 650 bytes, with the sums of a process 1300. */
const SLOT = 2048;
const BATCH = 64;
const ANSWER_WAIT_NS = 200_000_000;

/** An open subscription to the records of all CPUs. */
export class TaskAccounts {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #family: number;
  readonly #cpus: string;
  readonly #slots: Datagrams;
  /** How many were received last. */
  #last = 0;
  readonly #account = new TaskAccount();
  readonly #event = new SourceEvent();

  private constructor(libc: Libc, fd: number, family: number, cpus: string) {
    this.#libc = libc;
    this.#fd = fd;
    this.#family = family;
    this.#cpus = cpus;
    this.#slots = libc.datagrams(BATCH, SLOT);
  }

  /** Subscribes; null where the kernel has no such records, or none for this user. */
  static open(libc: Libc): TaskAccounts | null {
    const { AF_NETLINK, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC, NETLINK_GENERIC } = SOCKET;
    const fd = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_GENERIC);
    if (fd < 0) return null;
    try {
      const cpus = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim();
      enlarge(libc, fd);
      const family = decodeFamily(ask(libc, fd, encodeGetFamily(TASKSTATS_FAMILY.name, 1))).id;
      ask(libc, fd, encodeTaskstatsListen(family, cpus, true, 2));
      return new TaskAccounts(libc, fd, family, cpus);
    } catch {
      libc.close(fd);
      return null;
    }
  }

  /**
   * Adds what has come, as `account` events of now; tells the names that are wanted, of what has
   * not exited before `horizon`.
   */
  drain(writer: BatchWriter, clocks: Clocks, names: ExitNames, horizon: number): void {
    const slots = this.#slots;
    // Some of the last records may have come before the exec was drained that left open the name.
    if (names.open > 0) this.#nameLast(names, horizon, writer);
    while (true) {
      const received = this.#libc.recvmmsg(this.#fd, slots, SOCKET.MSG_DONTWAIT);
      const time = received > 0 ? clocks.now() : 0;
      if (received > 0) this.#last = received;
      for (let slot = 0; slot < received; slot++) {
        const account = this.#account;
        if (slots.sender(slot) !== 0) continue;
        if (!decodeExitRecord(slots.bytes, slot * SLOT, slots.length(slot), account)) continue;
        const event = this.#event.reset(EVENT.account, time, account.tgid, account.tid);
        event.a = account.last ? 1 : 0;
        event.text = encodeFigures(account);
        writer.add(event);
        if (names.open > 0) this.#name(names, horizon, writer);
      }
      if (received < BATCH) return;
    }
  }

  /** Tells the name in the record that was decoded, where it is wanted. */
  #name(names: ExitNames, horizon: number, writer: BatchWriter): void {
    const account = this.#account;
    if (account.tid !== account.tgid || !names.wants(account.tgid)) return;
    names.named(account.tgid, commOfRecord(this.#slots.bytes, account), horizon, writer);
  }

  /** The records that were received last are still in their places. */
  #nameLast(names: ExitNames, horizon: number, writer: BatchWriter): void {
    const slots = this.#slots;
    for (let slot = 0; slot < this.#last; slot++) {
      if (slots.sender(slot) !== 0) continue;
      if (!decodeExitRecord(slots.bytes, slot * SLOT, slots.length(slot), this.#account)) continue;
      this.#name(names, horizon, writer);
    }
  }

  /** Unsubscribes: the kernel would go on making records until it finds the socket gone. */
  close(): void {
    this.#libc.send(this.#fd, encodeTaskstatsListen(this.#family, this.#cpus, false, 3), 0);
    this.#libc.close(this.#fd);
  }
}

function enlarge(libc: Libc, fd: number): void {
  const size = new Uint8Array(new Int32Array([RCVBUF_WANTED]).buffer);
  const { SOL_SOCKET, SO_RCVBUF, SO_RCVBUFFORCE } = SOCKET;
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) === 0) return;
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size);
}

/** The answer to a request; throws WireError where it is refused, or does not come. */
function ask(libc: Libc, fd: number, request: Uint8Array): ReturnType<typeof decodeMessage> {
  if (libc.send(fd, request, 0) < 0) throw new WireError("taskstats", 0, "cannot be sent");
  if (libc.ppoll(pollSet([fd]), ANSWER_WAIT_NS) <= 0) {
    throw new WireError("taskstats", 0, "no answer");
  }
  const bytes = new Uint8Array(new ArrayBuffer(8192));
  const length = libc.recv(fd, bytes, SOCKET.MSG_DONTWAIT);
  return decodeMessage(bytes.subarray(0, Math.max(0, length)));
}

/** A message, or one without attributes for an acknowledgement; throws WireError for a refusal. */
function decodeMessage(bytes: Uint8Array) {
  const answer = decodeAnswer(bytes);
  if (!("errno" in answer)) return answer;
  if (answer.errno !== 0) throw new WireError("taskstats", 0, `errno ${answer.errno}`);
  return { type: 0, flags: 0, seq: answer.seq, cmd: 0, version: 0, attributes: [] };
}
