/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What lived in any stretch of time.
 *
 * @module
 */
import type { VNode } from "preact";
import { Filters } from "./filters.tsx";
import { PastTable } from "./past_table.tsx";
import { TextField, ViewHead } from "./parts.tsx";
import { replaceParams, route } from "./route.ts";
import { TimelinePanel } from "./timeline_panel.tsx";

/** The view. */
export function TimeView(): VNode {
  const { params } = route.value;
  return (
    <>
      <ViewHead title="Time" />
      <Filters>
        {([["since", "Since", "1h ago"], ["until", "Until", "now"]] as const).map((
          [name, label, placeholder],
        ) => (
          <TextField
            key={name}
            name={name}
            label={label}
            placeholder={placeholder}
            value={params[name] ?? ""}
            onChange={(value) => replaceParams({ [name]: value, before: "" })}
          />
        ))}
      </Filters>
      <TimelinePanel />
      <PastTable />
    </>
  );
}
