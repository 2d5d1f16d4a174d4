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
import { commandsOf, namesOf } from "./commands.ts";
import { DiffApp } from "./diff_app.tsx";
import type { DiffPage } from "./diff_data.ts";
import { keepFragment } from "./fragment.ts";
import { Model } from "./model.ts";
import { unpack } from "./packed.ts";
import { State } from "./state.ts";

/** Browsers since 2025 do it by themselves. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const own = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (own !== undefined) return own.call(Uint8Array, text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}

async function bytesOf(base64: string): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  // What does not unpack is told by who reads.
  writer.write(fromBase64(base64)).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(readable).arrayBuffer());
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
  const models = parts.slice(0, 2).map((bytes) => new Model(unpack(bytes)));
  const commands = models.map(commandsOf);
  // On both sides a command has the same colour.
  const names = namesOf(commands);
  const states = models.map((model, side) => new State(model, commands[side], names));
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
    if (!areDrawn) return;
    // The frame that it has been drawn in is shown before.
    setTimeout(() => {
      performance.mark("ready");
      document.documentElement.dataset["ready"] = "yes";
    });
  });
}

await main();
