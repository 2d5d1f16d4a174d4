/**
 * What `fh serve` does: a recorder with a socket alone.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import type { ListenSettings } from "../../cli/socket_options.ts";
import { EXIT } from "../../fault.ts";
import { Recorder } from "../../recorder/recorder.ts";
import { listenPlace, recorderWorld, type WorldOptions } from "../recorder_world.ts";
import { Questions } from "../serve_questions.ts";

/** What the command line asks for. */
interface ServeOptions extends WorldOptions, ListenSettings {}

/** Runs the command; the exit status comes back. */
export async function runServe(
  context: Context,
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options = given as unknown as ServeOptions;
  const world = await recorderWorld(context, options, "serve");
  const place = listenPlace(context.env, options);
  const questions = new Questions(context, null, options, world.users);
  const socket = place === null ? null : { place, needed: true, questions };
  await new Recorder(world, { history: null, socket }).run();
  return EXIT.done;
}
