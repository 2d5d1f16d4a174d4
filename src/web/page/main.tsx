/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * The page: a heading, one view, and beside it what is chosen.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { type ComponentType, render, type VNode } from "preact";
import { learn } from "./about.ts";
import { AccountsView } from "./accounts.tsx";
import { ConfirmDialog, OutcomeLine } from "./confirm.tsx";
import { Drawer } from "./drawer.tsx";
import { FindingsView } from "./findings.tsx";
import { HostView } from "./host.tsx";
import { chosenHost, rememberHost } from "./host_choice.ts";
import { HostPicker } from "./hosts.tsx";
import { JobsView } from "./jobs.tsx";
import { NowView } from "./now.tsx";
import { useAnswer } from "./parts.tsx";
import { followAddress, route } from "./route.ts";
import { routeText, type View, VIEWS } from "./routes.ts";
import { enterToken, openSession, token } from "./session.ts";
import { TimeView } from "./time.tsx";
import { TreeView } from "./tree.tsx";

const SHOWN: Readonly<Record<View, readonly [title: string, view: ComponentType]>> = {
  now: ["Now", NowView],
  tree: ["Tree", TreeView],
  time: ["Time", TimeView],
  jobs: ["Jobs", JobsView],
  accounts: ["Accounts", AccountsView],
  findings: ["Findings", FindingsView],
  host: ["Host", HostView],
};

const AGAIN_MS = 30_000;
const refused = signal(false);

function Login(): VNode {
  const enter = (event: SubmitEvent) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget as HTMLFormElement).get("token");
    refused.value = !enterToken(String(text));
  };
  return (
    <main class="login">
      <h1>fh</h1>
      <p>
        This page needs the token that <code>fh web</code>{" "}
        has printed. Open its URL, or paste it here. It is kept for as long as this tab is open.
      </p>
      <form class="row" onSubmit={enter}>
        <label class="field">
          URL or token
          <input type="password" name="token" autocomplete="off" />
        </label>
        <button type="submit">Open</button>
      </form>
      {refused.value && <p class="error" role="alert">That is none; paste all of it</p>}
    </main>
  );
}

function Navigation(): VNode {
  const { view } = route.value;
  return (
    <header>
      <a class="skip" href="#content">To the content</a>
      <strong>fh</strong>
      <nav aria-label="Views">
        {VIEWS.map((name) => (
          <a
            key={name}
            href={routeText({ view: name, params: {} })}
            aria-current={name === view ? "page" : undefined}
          >
            {SHOWN[name][0]}
          </a>
        ))}
      </nav>
      <HostPicker />
      <span class="where">{location.host}</span>
    </header>
  );
}

function App(): VNode {
  return token.value === "" ? <Login /> : <Views />;
}

function Views(): VNode {
  // Asked for again where the gateway may have been started anew, otherwise.
  useAnswer(learn, token.value, AGAIN_MS);
  const { view, params: { p = "" } } = route.value;
  const [title, Shown] = SHOWN[view];
  document.title = `${title} – fh on ${location.host}`;
  return (
    <>
      <Navigation />
      <main id="content" tabIndex={-1} class={p === "" ? "" : "split"}>
        <div class="view">
          <OutcomeLine />
          <Shown key={`${view} ${chosenHost.value}`} />
        </div>
        {p !== "" && <Drawer id={p} />}
      </main>
      <ConfirmDialog />
    </>
  );
}

openSession();
rememberHost();
followAddress();
const app = document.getElementById("app")!;
app.replaceChildren();
render(<App />, app);
