/** Which images a list shows, and in which order: what the address after the # remembers. */

export const SORTS = ["name", "count", "width", "flags", "reviewed", "added"] as const;
export type Sort = (typeof SORTS)[number];
export const ONLY = ["flagged", "failed", "reviewed", "unreviewed"] as const;
export type Only = (typeof ONLY)[number];

/** So many at a time: a thousand images stay quick, as only these are asked for and drawn. */
export const PAGE_SIZE = 100;

export interface ListQuery {
  sort: Sort;
  order: "asc" | "desc";
  filter: string;
  only: Only | null;
}

export const PLAIN_LIST: ListQuery = { sort: "name", order: "asc", filter: "", only: null };

export function readQuery(values: URLSearchParams): ListQuery {
  const sort = values.get("sort");
  const only = values.get("only");
  return {
    sort: SORTS.find((word) => word === sort) ?? "name",
    order: values.get("order") === "desc" ? "desc" : "asc",
    filter: values.get("filter") ?? "",
    only: ONLY.find((word) => word === only) ?? null,
  };
}

/** Which page of the list, counted from 1. */
export function readPage(values: URLSearchParams): number {
  return Math.max(Number(values.get("page") ?? 1) || 1, 1);
}

/** Only what differs from the plain list, so that addresses stay short. */
export function writeQuery(query: ListQuery): URLSearchParams {
  const values = new URLSearchParams();
  if (query.sort !== PLAIN_LIST.sort) values.set("sort", query.sort);
  if (query.order !== PLAIN_LIST.order) values.set("order", query.order);
  if (query.filter) values.set("filter", query.filter);
  if (query.only) values.set("only", query.only);
  return values;
}

export function listParameters(query: ListQuery, offset: number, limit: number): string {
  const values = new URLSearchParams({ offset: String(offset), limit: String(limit) });
  values.set("sort", query.sort);
  values.set("order", query.order);
  if (query.filter) values.set("filter", query.filter);
  if (query.only) values.set("only", query.only);
  return values.toString();
}

/** A click on a column's header: that column, and the other way round on the second click. */
export function sortBy(query: ListQuery, sort: Sort): ListQuery {
  const turned = query.sort === sort && query.order === "asc" ? "desc" : "asc";
  return { ...query, sort, order: turned };
}
