import { readRoute, type Route } from "../logic/route.ts";
import { Store } from "./store.ts";

export const where = new Store<Route>(readRoute(window.location.hash));

window.addEventListener("hashchange", () => where.set(readRoute(window.location.hash)));

export function go(address: string): void {
  window.location.hash = address;
}

/** The same place told better: no further step for the browser's Back button. */
export function retell(address: string): void {
  window.history.replaceState(null, "", address);
  where.set(readRoute(window.location.hash));
}
