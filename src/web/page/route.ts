/**
 * What is looked at, as the fragment of the address: a link to it shows the same to a colleague.
 *
 * @module
 */
/// <reference lib="dom" />
import { signal } from "@preact/signals";
import { parseRoute, type Route, routeText } from "./routes.ts";

/** What is looked at. */
export const route = signal<Route>({ view: "now", params: {} });

/** Follows the address from now on. */
export function followAddress(): void {
  const read = () => {
    // Others lead to a place in the page.
    if (location.hash === "" || location.hash.startsWith("#/")) {
      route.value = parseRoute(location.hash);
    }
  };
  addEventListener("hashchange", read);
  read();
}

/** Looks at something else. */
export function go(to: Route): void {
  location.hash = routeText(to);
}

/** The same view with other words; those that are empty are left out. */
export function withParams(more: Route["params"]): Route {
  const { view, params } = route.value;
  return { view, params: { ...params, ...more } };
}

/** Changes words of the address without a step of the browser's history. */
export function replaceParams(more: Route["params"]): void {
  history.replaceState(null, "", routeText(withParams(more)));
  route.value = parseRoute(location.hash);
}
