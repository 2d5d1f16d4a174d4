/**
 * The world as a recorder gets it from a command, and where options have it listen.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { createRedactFrom, type RedactSettings } from "../ask/text/redact.ts";
import type { Context } from "../cli/command.ts";
import type { ListenSettings } from "../cli/socket_options.ts";
import { tell } from "../cli/tell.ts";
import { UsageError } from "../fault.ts";
import { ignoreStraySignals } from "../host/stray.ts";
import { openThreadClock } from "../host/thread_clock.ts";
import { CommonShares } from "../model/common_shares.ts";
import { findGroup } from "../proc/group.ts";
import { openUsers } from "../proc/users.ts";
import type { ListenPlace } from "../recorder/served.ts";
import type { World } from "../recorder/world.ts";
import { defaultSocket } from "../serve/place.ts";
import { Questions } from "../serve/questions.ts";
import type { CaptureOptions } from "../source/capture.ts";
import { readEpoch } from "./asking.ts";
import { openSession } from "./capture.ts";
import { captureOptions, type CaptureSettings } from "./capture_options.ts";

/** What the command line says about it. */
export interface WorldOptions extends CaptureSettings, RedactSettings {
  readonly quiet?: boolean;
}

/** Makes it; `act` is what is done through a source, and `more` what else is captured. */
export async function recorderWorld(
  context: Context,
  options: WorldOptions,
  act: string,
  more: Partial<CaptureOptions> = {},
): Promise<World> {
  const { procRoot, env, euid, signal, onSignal, stderr } = context;
  await ignoreStraySignals();
  const redact = createRedactFrom(options);
  const capture = { ...captureOptions(context, options), ...more };
  const complain = (text: string) => {
    tell(context, text);
    void stderr.flush().catch(() => {});
  };
  return {
    procRoot,
    env,
    euid,
    users: openUsers(),
    shares: CommonShares.of(await openThreadClock()),
    signal,
    onSignal,
    now: context.now,
    say: (text) => {
      if (!options.quiet) complain(text);
    },
    complain,
    openSession: (told) => {
      const wanted = { act, source: options.source, start: context.capture };
      return openSession(wanted, { capture, redact, ...told });
    },
  };
}

/** What answers `tree` and `why`, out of a history where there is one. */
export function questionsOf(
  context: Context,
  redact: RedactSettings,
  { users, shares }: World,
  db: string | null,
): Questions {
  const { env, procRoot, euid, now, signal } = context;
  return new Questions({
    env,
    procRoot,
    euid,
    now,
    signal,
    db,
    users,
    shares,
    redact: createRedactFrom(redact),
    epoch: () => readEpoch(context),
  });
}

/** Where to listen; null where that is not wanted. Throws UsageError. */
export function listenPlace(
  context: Context,
  { socket, socketGroup }: ListenSettings,
): ListenPlace | null {
  if (socket === false) {
    if (socketGroup === undefined) return null;
    throw new UsageError("Bad options: --no-socket with --socket-group; give one of them");
  }
  return { path: socket ?? defaultSocket(context), group: groupOf(socketGroup) };
}

/** The gid of a group of the command line; null where none is given. Throws UsageError. */
export function groupOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  let file = "";
  try {
    file = readFileSync("/etc/group", "utf8");
  } catch {
    // A container may have none: a number will do.
  }
  const gid = findGroup(file, text);
  if (gid !== null) return gid;
  throw new UsageError(`Unknown group: ${text}; give a group of this host or a gid`);
}
