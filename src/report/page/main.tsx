/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Unpacks what the page has in itself, and shows it.
 *
 * @module
 */
import { effect } from "@preact/signals";
import { options, render } from "preact";
import { App } from "./app.tsx";
import { DiffApp } from "./diff_app.tsx";
import type { DiffPage } from "./diff_data.ts";
import { keepFragment } from "./fragment.ts";
import { Model } from "./model.ts";
import { unpack } from "./packed.ts";
import { State } from "./state.ts";

async function bytesOf(base64: string): Promise<Uint8Array> {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Dark where the system is; paper never is. */
function followTheme({ isDark }: State): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => isDark.value = dark.matches;
  follow();
  dark.addEventListener("change", follow);
  addEventListener("beforeprint", () => {
    // What is changed later is not on the paper.
    options.debounceRendering = (act) => act();
    isDark.value = false;
  });
  addEventListener("afterprint", () => {
    delete options.debounceRendering;
    follow();
  });
}

async function main(): Promise<void> {
  const data = document.getElementById("data")!;
  const parts = await Promise.all(data.textContent.split(" ").map(bytesOf));
  // It is of no use any more, and large.
  data.remove();
  const states = parts.slice(0, 2).map((bytes) => new State(new Model(unpack(bytes))));
  for (const state of states) followTheme(state);
  const [state, after] = states;
  const app = document.getElementById("app")!;
  app.replaceChildren();
  if (after === undefined) {
    keepFragment(state!);
    render(<App state={state!} />, app);
  } else {
    const diff: DiffPage = JSON.parse(new TextDecoder().decode(parts[2]));
    render(<DiffApp diff={diff} before={state!} after={after} />, app);
  }
  effect(() => {
    const areDrawn = states.map(({ isDrawn }) => isDrawn.value).every((is) => is);
    if (areDrawn) document.documentElement.dataset["ready"] = "yes";
  });
}

await main();
