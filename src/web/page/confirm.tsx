/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Consent to what changes something, and what became of it.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { change, type Params } from "./api.ts";

/** What is asked about. */
interface Wish {
  readonly words: string;
  readonly button: string;
  readonly done: (agreed: boolean) => void;
}

const wish = signal<Wish | null>(null);
/** What became of the last change. */
export const outcome = signal<{ readonly isError: boolean; readonly text: string } | null>(null);

/**
 * Asks for consent in words, and then changes something; null where it was refused, by the person
 * or the recorder.
 */
export async function confirmed<T>(
  op: string,
  params: Params,
  words: string,
  button: string,
): Promise<T | null> {
  const agreed = await new Promise<boolean>((done) => {
    wish.value = { words, button, done };
  });
  wish.value = null;
  return agreed ? await changed<T>(op, params, button) : null;
}

/** Changes what needs no second question, because a form said all of it. */
export async function changed<T>(op: string, params: Params, what: string): Promise<T | null> {
  try {
    const answer = await change<T>(op, params);
    outcome.value = { isError: false, text: `${what}: done` };
    return answer;
  } catch (error) {
    outcome.value = { isError: true, text: (error as Error).message };
    return null;
  }
}

/** The dialog; it stands once in the page. */
export function ConfirmDialog(): VNode | null {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = wish.value;
  useEffect(() => {
    if (asked !== null) dialog.current?.showModal();
  }, [asked]);
  if (asked === null) return null;
  return (
    <dialog ref={dialog} aria-labelledby="confirm-words" onCancel={() => asked.done(false)}>
      <p id="confirm-words">{asked.words}</p>
      <div class="row">
        {/* The first has the focus. */}
        <button type="button" onClick={() => asked.done(false)}>Leave it</button>
        <button type="button" class="bad" onClick={() => asked.done(true)}>{asked.button}</button>
      </div>
    </dialog>
  );
}

/** What became of the last change. */
export function OutcomeLine(): VNode | null {
  const told = outcome.value;
  if (told === null) return null;
  return <p role="status" class={told.isError ? "error" : "note"}>{told.text}</p>;
}
