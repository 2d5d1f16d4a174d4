/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What several views have: a heading with the command line, notes, figures, links to processes.
 *
 * @module
 */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { escapeText } from "../../text/escape.ts";
import { places } from "./about.ts";
import type { Note } from "./api.ts";
import { route, withParams } from "./route.ts";
import { commandText, routeText } from "./routes.ts";

/** The heading of a view, and how to get the same in a terminal. */
export function ViewHead({ title, children }: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): VNode {
  return (
    <div class="head">
      <h1>{title}</h1>
      {children}
      <span class="asks">
        in a terminal: <code>{commandText(route.value, places())}</code>
      </span>
    </div>
  );
}

/** A view of what happens, where nothing happens any more. */
export function NotLive({ title }: { readonly title: string }): VNode {
  const what = places().fleet === undefined
    ? "This is a history, in which nothing happens any more"
    : "A fleet knows what its hosts have shipped, not what happens now";
  return (
    <>
      <ViewHead title={title} />
      <p class="note">
        {what}: see what was under <a href={routeText({ view: "time", params: {} })}>Time</a>.
      </p>
    </>
  );
}

/** What must be said beside an answer; what it is out of is no warning. */
export function Notes({ notes }: { readonly notes: readonly Note[] | undefined }): VNode {
  return (
    <>
      {(notes ?? []).map(({ kind, text }) => (
        <p class={kind === "coverage" ? "faint" : "note"} key={text}>{escapeText(text)}</p>
      ))}
    </>
  );
}

/** That something could not be had, and why. */
export function Failed({ error }: { readonly error: string | null }): VNode | null {
  return error === null ? null : <p class="error" role="alert">{escapeText(error)}</p>;
}

/** A figure and what it is of. */
export function Figure({ value, of, isBad = false }: {
  readonly value: string;
  readonly of: string;
  readonly isBad?: boolean;
}): VNode {
  return (
    <div>
      <b class={isBad ? "bad" : ""}>{value}</b>
      <span>{of}</span>
    </div>
  );
}

/** A process by its pid: a click opens all that is known of it. */
export function ProcessLink({ id, pid }: { readonly id: string; readonly pid: number }): VNode {
  return <a href={routeText(withParams({ p: id }))}>{pid}</a>;
}

/** A field of text that is heard when it is left, or Enter is pressed. */
export function TextField({ label, name, value, onChange, placeholder }: {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly placeholder?: string;
  onChange(value: string): void;
}): VNode {
  return (
    <label class="field">
      {label}
      <input
        type="text"
        name={name}
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
    </label>
  );
}

/** An answer, asked for again every so often; what came last stays while the next is awaited. */
export function useAnswer<T>(
  load: (signal: AbortSignal) => Promise<T>,
  key: string,
  everyMs: number | null,
): { readonly answer: T | null; readonly error: string | null; again(): void } {
  const [state, setState] = useState<{ answer: T | null; error: string | null }>({
    answer: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      if (!document.hidden) {
        try {
          const answer = await load(controller.signal);
          if (!controller.signal.aborted) setState({ answer, error: null });
        } catch (error) {
          if (controller.signal.aborted) return;
          setState(({ answer }) => ({ answer, error: (error as Error).message }));
        }
      }
      if (everyMs !== null && !controller.signal.aborted) timer = setTimeout(run, everyMs);
    };
    void run();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, turn]);
  return { ...state, again: () => setTurn((last) => last + 1) };
}
