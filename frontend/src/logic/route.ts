import type { Region } from "../api/types.ts";

/** What the address after the # says: a place of the page that can be reloaded, bookmarked and gone back to. */
export type Route =
  | { view: "projects" }
  | { view: "project"; project: string; values: URLSearchParams }
  | { view: "viewer"; project: string; image: string; values: URLSearchParams }
  | { view: "improve"; project: string }
  | { view: "next"; project: string };

export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const values = new URLSearchParams(query);
  const [, room, id, door, image] = path.split("/").map(decode);
  if (room !== "projects" || !id) return { view: "projects" };
  if (door === "images" && image) return { view: "viewer", project: id, image, values };
  if (door === "improve") return { view: "improve", project: id };
  if (door === "next") return { view: "next", project: id };
  return { view: "project", project: id, values };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function withValues(path: string, values?: URLSearchParams): string {
  const query = values?.toString() ?? "";
  return query ? `${path}?${query}` : path;
}

const home = (project: string): string => `#/projects/${encodeURIComponent(project)}`;

export const toProjects = "#/";
export const toProject = (project: string, values?: URLSearchParams): string => withValues(home(project), values);
export const toImprove = (project: string): string => `${home(project)}/improve`;
export const toNext = (project: string): string => `${home(project)}/next`;
export const toImage = (project: string, image: string, values?: URLSearchParams): string =>
  withValues(`${home(project)}/images/${encodeURIComponent(image)}`, values);

export function readRegion(values: URLSearchParams): Region | null {
  const [y, x, height, width, ...rest] = (values.get("region") ?? "").split(",").map(Number);
  if (y === undefined || x === undefined || height === undefined || width === undefined || rest.length > 0) return null;
  return [y, x, height, width].every(Number.isFinite) && height > 0 && width > 0 ? [y, x, height, width] : null;
}
