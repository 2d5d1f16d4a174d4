/**
 * Asks the kernel for an account by taskstats, to see whether this user may have one.
 *
 * @module
 */
import type { Datagrams, Libc } from "../../../ffi/libc.ts";
import { SOCKET } from "../../../ffi/linux.ts";
import {
  decodeAnswer,
  decodeFamily,
  encodeGetFamily,
  type GenlMessage,
  type NlRefusal,
} from "../../wire/genl.ts";
import { decodeTaskstats, encodeTaskstatsGet, TASKSTATS_FAMILY } from "../../wire/taskstats.ts";
import { WireError } from "../../wire/wire_error.ts";
import { pollSet } from "../listen.ts";

const ANSWER_WAIT_MS = 200;
/** struct taskstats has 560 bytes in 6.18, the description of a family some 300. */
const ANSWER_BYTES = 8192;

/** What became of the question. */
export type TaskstatsFact =
  /** The account came; `version` is the kernel's TASKSTATS_VERSION. */
  | { readonly kind: "permitted"; readonly version: number }
  /** The family is there, and its answer is a positive errno. */
  | { readonly kind: "refused"; readonly errno: number }
  /** There is no such family, or no generic netlink: a positive errno. */
  | { readonly kind: "absent"; readonly errno: number }
  /** No answer, or not one that can be decoded; `reason` is a sentence. */
  | { readonly kind: "unclear"; readonly reason: string };

/** Asks for the account of `pid`, a process of this user. */
export function askTaskstats(libc: Libc, pid: number): TaskstatsFact {
  const { AF_NETLINK, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC, NETLINK_GENERIC } = SOCKET;
  const fd = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_GENERIC);
  if (fd < 0) return { kind: "absent", errno: -fd };
  try {
    const question = new Question(libc, fd);
    const family = question.ask(encodeGetFamily(TASKSTATS_FAMILY.name, 1), 1);
    if ("errno" in family) return { kind: "absent", errno: family.errno };
    const { id } = decodeFamily(family);
    const account = question.ask(encodeTaskstatsGet(id, pid, 2), 2);
    if ("errno" in account) return { kind: "refused", errno: account.errno };
    return { kind: "permitted", version: decodeTaskstats(account).version };
  } catch (error) {
    if (error instanceof WireError || error instanceof NoAnswer) {
      return { kind: "unclear", reason: error.message };
    }
    throw error;
  } finally {
    libc.close(fd);
  }
}

class NoAnswer extends Error {}

class Question {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #slots: Datagrams;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#slots = libc.datagrams(1, ANSWER_BYTES);
  }

  ask(request: Uint8Array, seq: number): GenlMessage | NlRefusal {
    const sent = this.#libc.send(this.#fd, request, 0);
    if (sent < 0) return { seq, errno: -sent };
    const pollfd = pollSet([this.#fd]);
    const deadline = performance.now() + ANSWER_WAIT_MS;
    for (let left = ANSWER_WAIT_MS; left > 0; left = deadline - performance.now()) {
      this.#libc.ppoll(pollfd, left * 1e6);
      const received = this.#libc.recvmmsg(this.#fd, this.#slots, SOCKET.MSG_DONTWAIT);
      if (received <= 0 || this.#slots.sender(0) !== 0) continue;
      const bytes = new Uint8Array(this.#slots.bytes.buffer, 0, this.#slots.length(0)).slice();
      const answer = decodeAnswer(bytes);
      if (answer.seq === seq) return answer;
    }
    throw new NoAnswer(`No answer within ${ANSWER_WAIT_MS} ms`);
  }
}
