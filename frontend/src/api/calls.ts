import type { ListQuery } from "../logic/list-query.ts";
import { listParameters } from "../logic/list-query.ts";
import { get, remove, sendForm, sendJson } from "./client.ts";
import { withToken } from "./token.ts";
import type {
  About,
  Added,
  Exported,
  ImageDetail,
  ImagePage,
  Job,
  JobRequest,
  Point,
  PointsState,
  Project,
  Suggestions,
} from "./types.ts";

const part = encodeURIComponent;
const project = (id: string): string => `/projects/${part(id)}`;
const image = (p: string, i: string): string => `${project(p)}/images/${part(i)}`;

export const PROJECTS = "/projects";
export const jobsOf = (p: string): string => `/jobs?project=${part(p)}`;
export const imagesOf = (id: string, query: ListQuery, offset: number, limit: number): string =>
  `${project(id)}/images?${listParameters(query, offset, limit)}`;

export const about = (): Promise<About> => get("/about");
export const projects = (): Promise<Project[]> => get(PROJECTS);
export const createProject = (name: string): Promise<Project> => sendJson("POST", "/projects", { name });
export const changeProject = (id: string, change: { name?: string; model?: string }): Promise<Project> =>
  sendJson("PATCH", project(id), change);

export const images = (id: string, query: ListQuery, offset: number, limit: number): Promise<ImagePage> =>
  get(imagesOf(id, query, offset, limit));

export function upload(id: string, files: readonly File[]): Promise<Added> {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return sendForm(`${project(id)}/images`, form);
}

export const link = (id: string, path: string): Promise<Added> => sendJson("POST", `${project(id)}/links`, { path });
export const imageDetail = (p: string, i: string): Promise<ImageDetail> => get(image(p, i));
export const points = (p: string, i: string): Promise<PointsState> => get(`${image(p, i)}/points`);

export const removeImage = (p: string, i: string): Promise<void> => remove(image(p, i));

export const savePoints = (
  p: string,
  i: string,
  body: { points: readonly Point[] | null; reviewed: boolean; revision: number },
): Promise<{ revision: number; corrected: number | null }> => sendJson("PUT", `${image(p, i)}/points`, body);

export const jobs = (p: string): Promise<Job[]> => get(jobsOf(p));
export const startJob = (p: string, request: JobRequest): Promise<Job> => sendJson("POST", `${project(p)}/jobs`, request);
export const cancelJob = (id: string): Promise<Job> => sendJson("POST", `/jobs/${part(id)}/cancel`, {});
export const suggestions = (p: string): Promise<Suggestions> => get(`${project(p)}/suggestions`);
export const exportReviewed = (p: string): Promise<Exported> => sendJson("POST", `${project(p)}/export`, {});

export const thumbnailAddress = (p: string, i: string): string => withToken(`/api${image(p, i)}/thumbnail`);
export const downloadAddress = (p: string, file: "counts.csv" | "report.html" | "export.zip"): string =>
  withToken(`/api${project(p)}/${file}`);

/** Where a tile of the picture lies; low and high are the grey values shown as black and white. */
export function tileAddress(
  p: string,
  i: string,
  view: { channel: number; low: number | null; high: number | null },
  tile: { level: number; column: number; row: number },
): string {
  const query = new URLSearchParams({ channel: String(view.channel) });
  if (view.low !== null) query.set("low", String(view.low));
  if (view.high !== null) query.set("high", String(view.high));
  return withToken(`/api${image(p, i)}/tiles/${tile.level}/${tile.column}_${tile.row}?${query}`);
}

/** `version` only keeps the browser from showing the overlay of an earlier count. */
export const overlayAddress = (
  p: string,
  i: string,
  kind: string,
  version: string,
  tile: { level: number; column: number; row: number },
): string =>
  withToken(`/api${image(p, i)}/overlays/${kind}/${tile.level}/${tile.column}_${tile.row}?v=${part(version)}`);
