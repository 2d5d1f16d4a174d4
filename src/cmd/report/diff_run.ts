/**
 * What `fh report diff` does: reads the runs of both sides, compares them, and says how they
 * differ.
 *
 * @module
 */
import { hostname } from "node:os";
import { Notes } from "../../ask/notes.ts";
import { askSpans } from "../../ask/spans.ts";
import { checkAhead, readStretch } from "../../ask/stretch.ts";
import type { PastStore } from "../../ask/store.ts";
import { type Context, tableStyle } from "../../cli/command.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { diffRuns, type RunsDiff } from "../../report/diff.ts";
import type { Spans } from "../../report/span.ts";
import { Progress } from "../../term/progress.ts";
import { PLAIN_TABLE } from "../../text/table.ts";
import { createAsking } from "../asking.ts";
import { checkFleet, type FleetAsked, hostOf, hostsText, openPast } from "../fleet/ask.ts";
import { whyNotReplace } from "../new_file.ts";
import { loadShown } from "./load_run.ts";
import { type RunPlace, sidesOf } from "./sides.ts";
import { writePiecesTo } from "./write.ts";

/** What the command line asks for. */
interface DiffOptions extends FleetAsked {
  readonly output?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: "auto" | "always" | "never";
}

/** Runs the command; the exit status comes back. */
export async function runDiff(
  context: Context,
  operands: readonly string[],
  options: DiffOptions,
): Promise<number> {
  checkFleet(options, {});
  const sides = sidesOf(operands, context.now());
  const { output, quiet } = options;
  checkOutput(output);
  const progress = new Progress(context.stderr, quiet);
  const notes = new Notes();
  const reader = new RunsReader(context, options, notes, progress);
  try {
    const [before, after] = [await reader.readAll(sides[0]), await reader.readAll(sides[1])];
    const diff = diffRuns(before, after);
    const form = formOf(options);
    const pieces = form === "html"
      ? [(await import("../../report/diff_html.ts")).diffHtml(diff, before, after, context.now())]
      : await piecesOf(context, options, form, diff);
    const show = (_count: number, bytes: number) => progress.show("writing", bytes, null, "bytes");
    await writePiecesTo(context, pieces, output, show);
    progress.end();
    // Text on standard output has them.
    if (form !== "text" || output !== undefined) tellAll(context, notes, diff.notes, quiet);
  } finally {
    progress.end();
    reader.close();
  }
  return EXIT.done;
}

/** It is said before anything is read that the comparison would have no place. */
function checkOutput(output: string | undefined): void {
  const why = output === undefined ? null : whyNotReplace(output);
  if (why === null) return;
  const what = `Cannot write the comparison to ${output}: ${why}; give the path of a file`;
  throw new CommandError(EXIT.failed, what);
}

/** As the file is called, in letters of either case; `--json` stands before it. */
function formOf({ output, json }: DiffOptions): "html" | "json" | "text" {
  if (json) return "json";
  const [, ending] = /\.(html?|json)$/i.exec(output ?? "") ?? [];
  return ending === undefined ? "text" : ending.toLowerCase() === "json" ? "json" : "html";
}

/** The advice that notes of a history have beside their texts is told, too. */
function tellAll(
  context: Context,
  notes: Notes,
  texts: readonly string[],
  quiet: boolean | undefined,
): void {
  const told = [...notes].map(({ text }) => text);
  tellNotes(context, notes, quiet);
  for (const text of texts) {
    if (!told.some((one) => text.endsWith(one))) tell(context, text, quiet);
  }
}

async function piecesOf(
  { stdout, env }: Context,
  { output, color }: DiffOptions,
  form: "json" | "text",
  diff: RunsDiff,
): Promise<Iterable<string>> {
  if (form === "json") {
    const { diffJson } = await import("../../report/diff_json.ts");
    return diffJson(diff);
  }
  const { diffText } = await import("../../report/diff_text.ts");
  const style = output === undefined ? tableStyle(stdout, env, color) : PLAIN_TABLE;
  return [diffText(diff, style)];
}

/** Reads runs; the history is opened once, where one of them is in it, and once for each host. */
class RunsReader {
  readonly #context: Context;
  readonly #options: FleetAsked;
  readonly #notes: Notes;
  readonly #progress: Progress;
  readonly #stores = new Map<string | undefined, PastStore | null>();

  constructor(context: Context, options: FleetAsked, notes: Notes, progress: Progress) {
    this.#context = context;
    this.#options = options;
    this.#notes = notes;
    this.#progress = progress;
  }

  async readAll(places: readonly RunPlace[]): Promise<Spans[]> {
    const runs: Spans[] = [];
    for (const place of places) runs.push(await this.#read(place));
    return runs;
  }

  close(): void {
    for (const store of this.#stores.values()) store?.close();
  }

  async #read(place: RunPlace): Promise<Spans> {
    const { euid, now } = this.#context;
    if (place.kind === "file") return await loadShown(this.#context, place.path, this.#progress);
    const stretch = readStretch(place.kind === "stretch" ? place : {}, now());
    const named = place.kind === "process" ? place.text : place.kind === "job" ? place.name : "";
    const [text, options] = hostOf(this.#context, named, this.#options);
    const store = await this.#open(options);
    if (store === null) checkAhead(stretch, null);
    const asking = await createAsking(this.#context, {}, store, this.#notes, store === null);
    return await askSpans(asking, {
      stretch,
      ...place.kind === "process" ? { pid: [text] } : {},
      ...place.kind === "job" ? { job: text } : {},
      uid: euid,
      host: store?.isElsewhere ? hostsText(store) : hostname(),
      onRead: (count) => this.#progress.show("reading", count, null, "processes"),
    });
  }

  async #open(options: FleetAsked): Promise<PastStore | null> {
    const known = this.#stores.get(options.host);
    if (known !== undefined) return known;
    const progress = this.#progress;
    const store = await openPast(this.#context, options, this.#notes, { progress });
    this.#stores.set(options.host, store);
    return store;
  }
}
