/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * All that is known of the chosen process, and the ways on from it.
 *
 * @module
 */
import type { ComponentChildren, JSX } from "preact";
import { clockOf, dayOf } from "../../text/clock.ts";
import { sizeWords } from "../../text/words.ts";
import type { Model } from "./model.ts";
import { count, duration, ending, percent } from "./said.ts";
import type { State } from "./state.ts";

/** Children that are listed, those that lived longest; the table has all. */
const CHILDREN_SHOWN = 8;
/** Ancestors that are listed, the nearest: a chain can be as long as the report. */
const ANCESTORS_SHOWN = 40;

/** What of a state is shown, and whether its page has a flame graph. */
export interface DetailsProps {
  readonly state: State;
  readonly hasFlame?: boolean;
}

/** Nothing where no process is chosen. */
export function Details({ state, hasFlame = true }: DetailsProps): JSX.Element | null {
  const place = state.selected.value;
  if (place < 0) return null;
  const { model } = state;
  return (
    <aside class="details" aria-label="The chosen process">
      <header>
        <h2 aria-live="polite">
          {model.nameOf(place)} <small>{model.pid[place]}</small>{" "}
          <span class={model.failed[place] === 1 ? "badge failed" : "badge"}>
            {ending(model, place)}
          </span>
        </h2>
        <button type="button" class="close" aria-label="Close" onClick={() => state.select(-1)}>
          ×
        </button>
      </header>
      <pre class="command" tabIndex={0} aria-label="Command line">{model.commandOf(place)}</pre>
      <Ways state={state} place={place} hasFlame={hasFlame} />
      <dl>
        <Facts model={model} place={place} />
        <Cost model={model} place={place} />
        <Owner model={model} place={place} />
      </dl>
      <Chain state={state} place={place} />
      <Children state={state} place={place} />
    </aside>
  );
}

function Ways(
  { state, place, hasFlame }: Required<DetailsProps> & { place: number },
): JSX.Element {
  const { model } = state;
  const name = model.nameOf(place);
  const hasBelow = model.next[place]! > place + 1;
  const box = () => {
    const key = state.flame.nodeOf[place]!;
    state.flameTop.value = key;
    state.show({ kind: "flame", key }, "flame");
  };
  return (
    <div class="ways">
      <button type="button" onClick={() => state.focus(place)}>zoom to it</button>
      <button type="button" onClick={() => state.show({ kind: "command", name }, "processes")}>
        all {name}
      </button>
      {hasBelow &&
        (
          <button type="button" onClick={() => state.show({ kind: "below", place }, "processes")}>
            what it started
          </button>
        )}
      {hasFlame && <button type="button" onClick={box}>in the flame graph</button>}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Facts({ model, place }: { model: Model; place: number }): JSX.Element {
  const [start, end] = [model.start[place]!, model.end[place]!];
  const isLate = model.head.seenLate.includes(place);
  const moment = new Date(model.frame.originMs + start / 1000);
  const onPath = model.path.reduce((sum, { index, from, to }) => {
    return index === place ? sum + to - from : sum;
  }, 0);
  return (
    <>
      <Fact name={isLate ? "first seen" : "started"}>
        {start < 0 ? `-${duration(-start)}` : `+${duration(start)}`}{" "}
        <time dateTime={moment.toISOString()}>{dayOf(moment)} {clockOf(moment)}</time>
      </Fact>
      <Fact name="lasted">
        {duration(end - start)}, {duration(model.own[place]!)} without a child
      </Fact>
      {onPath > 0 && <Fact name="critical path">{duration(onPath)}: everything waited for it</Fact>}
    </>
  );
}

function Cost({ model, place }: { model: Model; place: number }): JSX.Element {
  const figure = (name: Parameters<Model["costOf"]>[0]) => model.costOf(name, place) ?? 0;
  if (model.cpu[place]! < 0) return <Fact name="cost">not known</Fact>;
  const share = model.cpu[place]! / Math.max(1, model.end[place]! - model.start[place]!);
  const peak = model.costOf("peak_bytes", place);
  return (
    <>
      <Fact name="CPU">
        {duration(figure("user_us"))} user, {duration(figure("system_us"))} system: {percent(share)}
      </Fact>
      {peak !== null && <Fact name="memory">{sizeWords(peak)} at most</Fact>}
      <Fact name="faults">
        {count(figure("minor_faults"))} minor, {count(figure("major_faults"))} major
      </Fact>
      <Fact name="storage">
        {sizeWords(figure("read_bytes"))} read, {sizeWords(figure("write_bytes"))} written
      </Fact>
      <Fact name="switches">
        {count(figure("voluntary_switches"))} voluntary, {count(figure("involuntary_switches"))} not
      </Fact>
    </>
  );
}

function Owner({ model, place }: { model: Model; place: number }): JSX.Element {
  const jobs = model.jobsOf(place);
  const facts = [
    ["user", model.userOf(place)],
    ["directory", model.textOf("cwd", place)],
    ["executable", model.textOf("exe", place)],
    ["unit", model.textOf("unit", place)],
    ["container", model.textOf("container", place)],
    ["jobs", jobs.length > 0 ? jobs.join(", ") : null],
    ["host", model.textOf("host", place)],
    ["id", model.idOf(place)],
  ] as const;
  return (
    <>
      {facts.map(([name, text]) => text !== null && <Fact key={name} name={name}>{text}</Fact>)}
    </>
  );
}

function Link({ state, place }: { state: State; place: number }): JSX.Element {
  const { model } = state;
  return (
    <button type="button" class="link" onClick={() => state.select(place)}>
      <b>{model.nameOf(place)}</b> <small>{model.pid[place]}</small>
      <span class={model.failed[place] === 1 ? "failed" : "faint"}>
        {duration(model.end[place]! - model.start[place]!)}
        {model.failed[place] === 1 && `, ${ending(model, place)}`}
      </span>
    </button>
  );
}

function Chain({ state, place }: { state: State; place: number }): JSX.Element {
  const { model } = state;
  const above: number[] = [];
  let at = model.parent[place]!;
  for (; at >= 0 && above.length < ANCESTORS_SHOWN; at = model.parent[at]!) above.push(at);
  const first = above.at(-1) ?? place;
  const outside = at < 0 ? model.ppidOf(first) : null;
  return (
    <section>
      <h3>started by</h3>
      <ol class="links">
        {above.map((parent) => (
          <li key={parent}>
            <Link state={state} place={parent} />
          </li>
        ))}
        {above.length === 0 && outside === null && <li class="faint">nobody in this report</li>}
        {at >= 0 && <li class="faint">{count(model.depth[at]! + 1)} more above</li>}
        {outside !== null && outside > 0 && (
          <li class="faint">process {outside}, which is not in this report</li>
        )}
      </ol>
    </section>
  );
}

function Children({ state, place }: { state: State; place: number }): JSX.Element | null {
  const { model } = state;
  const children = [...model.childrenOf(place)];
  if (children.length === 0) return null;
  const life = (child: number) => model.end[child]! - model.start[child]!;
  const longest = children.toSorted((a, b) => life(b) - life(a)).slice(0, CHILDREN_SHOWN);
  const below = model.next[place]! - place - 1;
  return (
    <section>
      <h3>
        started {count(children.length)}
        {below > children.length && `, ${count(below)} with what these started`}
      </h3>
      <ol class="links">
        {longest.map((child) => (
          <li key={child}>
            <Link state={state} place={child} />
          </li>
        ))}
        {children.length > longest.length && <li class="faint">and others, which lived less</li>}
      </ol>
    </section>
  );
}
