/**
 * What is said of the process below the pointer.
 *
 * @module
 */
import type { Model } from "./model.ts";
import { duration, ending } from "./said.ts";

/** Of a command line, characters that a glance takes in; the details have it whole. */
const GLANCE = 160;

/** The name, how long and how it ended; the command line. */
export function tipOf(model: Model, place: number): Node[] {
  const [name, facts, line] = ["b", "span", "code"].map((tag) => document.createElement(tag));
  name!.textContent = `${model.nameOf(place)} ${model.pid[place]}`;
  const cpu = model.cpu[place]!;
  const used = cpu < 0 ? "" : `, ${duration(cpu)} CPU`;
  facts!.textContent = ` ${duration(model.end[place]! - model.start[place]!)}${used}, ` +
    ending(model, place);
  if (model.failed[place] === 1) facts!.className = "failed";
  const command = model.commandOf(place);
  line!.textContent = command.length > GLANCE ? `${command.slice(0, GLANCE)}…` : command;
  return [name!, facts!, line!];
}
