/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Filters as on the command line; they stand in the address.
 *
 * @module
 */
import type { ComponentChildren, VNode } from "preact";
import { TextField } from "./parts.tsx";
import { replaceParams, route } from "./route.ts";

const FIELDS: readonly (readonly [name: string, label: string, placeholder: string])[] = [
  ["comm", "Name (glob)", "gcc*"],
  ["match", "Command line (regex)", "curl|wget"],
  ["user", "User", "www-data"],
  ["pid", "Below pid", "4711"],
  ["min", "Lived at least", "1s"],
];

/** The fields of a filter. */
export function Filters({ children }: { readonly children?: ComponentChildren }): VNode {
  const { params } = route.value;
  return (
    <form class="row" role="search" onSubmit={(event) => event.preventDefault()}>
      {FIELDS.map(([name, label, placeholder]) => (
        <TextField
          key={name}
          name={name}
          label={label}
          placeholder={placeholder}
          value={params[name] ?? ""}
          onChange={(value) => replaceParams({ [name]: value })}
        />
      ))}
      <label class="check">
        <input
          type="checkbox"
          name="failed"
          checked={params["failed"] === "1"}
          onChange={(event) => replaceParams({ failed: event.currentTarget.checked ? "1" : "" })}
        />
        only failures
      </label>
      {children}
    </form>
  );
}
