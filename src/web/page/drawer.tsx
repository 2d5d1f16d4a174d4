/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * All that is known of one process: why it is there, what it has cost, what it started.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import type { LinkFields, TreeFields, WhyFields } from "./answers.ts";
import { places } from "./about.ts";
import { ask } from "./api.ts";
import { Failed, Notes, ProcessLink, useAnswer } from "./parts.tsx";
import { replaceParams } from "./route.ts";
import { whyText } from "./routes.ts";
import { bytesText, commandLine, countText, endText, lengthText } from "./words.ts";
import { isFailure, momentText, userOf } from "./words.ts";
import { whySentence } from "./why_words.ts";

const AGAIN_MS = 3000;
const CHILDREN_MAX = 100;

/** The drawer of a process. */
export function Drawer({ id }: { readonly id: string }): VNode {
  const why = useAnswer((signal) => ask<WhyFields>("why", { target: id }, signal), id, AGAIN_MS);
  const tree = useAnswer(
    (signal) => ask<{ tree: readonly TreeFields[] }>("tree", { target: id }, signal),
    id,
    AGAIN_MS,
  );
  // The address may have a pid or a name.
  const known = why.answer?.chain[0]?.id ?? id;
  const node = findNode(tree.answer?.tree ?? [], known);
  return (
    <aside aria-label="Process" class="panel view">
      <div class="row">
        <h2>Process {why.answer?.chain[0]?.pid ?? ""}</h2>
        <button type="button" onClick={() => replaceParams({ p: "" })}>Close</button>
      </div>
      <p class="asks">
        in a terminal: <code>{whyText(id, places())}</code>
      </p>
      <Failed error={why.error} />
      {why.answer !== null && <Why why={why.answer} />}
      {node !== null && node.children.length > 0 && <Children node={node} />}
    </aside>
  );
}

function Why({ why }: { readonly why: WhyFields }): VNode {
  const [process] = why.chain;
  return (
    <>
      <p>{whySentence(why, Date.now())}</p>
      <Notes notes={why.notes} />
      {process !== undefined && <Facts process={process} why={why} />}
      <h2>Who started it</h2>
      <ol class="chain">
        {why.chain.map((link) => (
          <li key={link.id}>
            <ProcessLink id={link.id} pid={link.pid} /> {userOf(link)} {momentText(link.started)}
            {" "}
            <span class={isFailure(link) ? "bad" : "faint"}>
              {link.state === "running" ? "running" : endText(link)}
            </span>
            <br />
            <code>{commandLine(link)}</code>
            {link.notes.map((note) => <p class="faint" key={note}>{escapeText(note)}</p>)}
          </li>
        ))}
      </ol>
      {why.more_above && <p class="faint">There are more above.</p>}
    </>
  );
}

function Facts({ process, why: { cost } }: {
  readonly process: LinkFields;
  readonly why: WhyFields;
}): VNode {
  const facts: readonly (readonly [string, string | null])[] = [
    ["Executable", process.exe],
    ["Folder", process.cwd],
    ["Unit", process.unit],
    ["Container", process.container],
    ["Id", process.id],
  ];
  const costs: readonly (readonly [string, string])[] = cost === null ? [] : [
    [
      cost.so_far ? "CPU so far" : "CPU",
      `${lengthText(cost.user_ns)} user, ${lengthText(cost.system_ns)} system`,
    ],
    ["Memory at most", bytesText(cost.peak_bytes)],
    ["Storage", `${bytesText(cost.read_bytes)} read, ${bytesText(cost.write_bytes)} written`],
    ["Page faults", `${countText(cost.minor_faults)} minor, ${countText(cost.major_faults)} major`],
  ];
  const known = facts.flatMap(([name, text]) => text === null ? [] : [[name, escapeText(text)]]);
  return (
    <dl>
      {[...costs, ...known].map(([name, text]) => (
        <>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </>
      ))}
    </dl>
  );
}

function Children({ node }: { readonly node: TreeFields }): VNode {
  const { children } = node;
  const more = children.length - CHILDREN_MAX + (node.more_below ?? 0);
  return (
    <>
      <h2>What it started</h2>
      <ul class="chain">
        {children.slice(0, CHILDREN_MAX).map((child) => (
          <li key={child.id}>
            <ProcessLink id={child.id} pid={child.pid} />{" "}
            <span class={isFailure(child) ? "bad" : "faint"}>
              {child.state === "running" ? "running" : endText(child)}
            </span>{" "}
            <code>{commandLine(child)}</code>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="faint">and {countText(more)} more</p>}
    </>
  );
}

/** Without recursion: a tree may be as deep as there are pids. */
function findNode(roots: readonly TreeFields[], id: string): TreeFields | null {
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.id === id) return node;
    for (const child of node.children) waiting.push(child);
  }
  return null;
}
