import { PAGE_SIZE, readPage, readQuery } from "../logic/list-query.ts";
import type { Route } from "../logic/route.ts";
import { imagesOf, jobsOf, PROJECTS } from "./calls.ts";
import { ahead } from "./client.ts";

/** Asks at once for all that the first view of a place shows, instead of one after the other as its parts come up. */
export function askAhead(route: Route): void {
  ahead(PROJECTS);
  if (route.view === "project") {
    const query = readQuery(route.values);
    ahead(imagesOf(route.project, query, (readPage(route.values) - 1) * PAGE_SIZE, PAGE_SIZE));
    ahead(jobsOf(route.project));
  }
}
