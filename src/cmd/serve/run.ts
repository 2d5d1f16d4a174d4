/**
 * What `fh serve` does: a recorder with a socket alone.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { Recorder } from "../../recorder/recorder.ts";
import { listenPlace, questionsOf, recorderWorld } from "../recorder_world.ts";
import type { ServeOptions } from "./command.ts";

/** Runs the command; the exit status comes back. */
export async function runServe(context: Context, options: ServeOptions): Promise<number> {
  const world = await recorderWorld(context, options, "serve");
  const place = listenPlace(context, options);
  const questions = questionsOf(context, options, world, null);
  const socket = place === null ? null : { place, needed: true, questions };
  await new Recorder(world, { history: null, socket }).run();
  return EXIT.done;
}
