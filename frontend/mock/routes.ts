import type { JobRequest, Point } from "../src/api/types.ts";
import { drawOverlay, drawTile, type Window } from "./draw.ts";
import { listed, row } from "./list.ts";
import { startJob } from "./pretend-jobs.ts";
import { jobs, models, newImage, newProject, projects, told, type MockImage, type MockProject } from "./state.ts";

export interface Answer {
  status: number;
  body: unknown;
  /** Set for pictures, whose body is a Buffer, and for texts. */
  type?: string;
}

const ok = (body: unknown, status = 200): Answer => ({ status, body });
const refuse = (status: number, error: string, cure: string): Answer => ({ status, body: { error, cure } });

/** Answers as the contract says. `body` is parsed JSON, or the list of names for an upload. */
export function answer(method: string, path: string, values: URLSearchParams, body: unknown): Answer {
  const [room = "", id = "", door = "", image = "", ...rest] = path.split("/").filter(Boolean).map(decodeURIComponent);
  if (room === "about") return ok({ version: "mock", workspace: "/tmp/mock", models, upload_limit_bytes: 2e9, cores: 4 });
  if (room === "jobs") return id ? cancel(id) : ok(jobs.filter((job) => job.project === values.get("project")));
  if (room !== "projects") return refuse(404, "There is no such address.", "Reload the page.");
  if (!id) return method === "POST" ? ok(told(newProject((body as { name: string }).name)), 201) : ok(projects.map(told));
  const whole = projects.find(({ project }) => project.id === id);
  if (!whole) return refuse(404, "There is no such project.", "Go back to the list of projects.");
  if (!door) {
    if (method === "PATCH") Object.assign(whole.project, body);
    return ok(told(whole));
  }
  if (door === "images" && image) {
    const found = whole.images.find(({ detail }) => detail.id === image);
    if (found && method === "DELETE") {
      whole.images.splice(whole.images.indexOf(found), 1);
      return ok(null);
    }
    return found ? imageAnswer(method, found, rest, values, body) : refuse(404, "There is no such image.", "Go back to the list.");
  }
  return projectAnswer(method, whole, door, values, body);
}

function cancel(id: string): Answer {
  const job = jobs.find((one) => one.id === id);
  if (!job) return refuse(404, "There is no such job.", "Reload the page.");
  job.state = "cancelled";
  return ok(job);
}

function projectAnswer(method: string, whole: MockProject, door: string, values: URLSearchParams, body: unknown): Answer {
  if (door === "images") {
    if (method === "GET") return ok(listed(whole, values));
    return ok(add(whole, body as string[]));
  }
  if (door === "links") {
    const { path } = body as { path: string };
    if (!path.startsWith("/data")) return refuse(403, `${path} is outside the workspace.`, "Start with: cytally app --allow FOLDER");
    return ok(add(whole, [`${path.split("/").at(-1) ?? "linked"}-1.tif`, `${path.split("/").at(-1) ?? "linked"}-2.tif`]));
  }
  if (door === "jobs") return ok(startJob(whole, body as JobRequest), 201);
  if (door === "export") {
    const reviewed = whole.images.filter(({ detail }) => detail.reviewed);
    const points = reviewed.reduce((sum, { corrected }) => sum + (corrected?.length ?? 0), 0);
    return ok({ folder: `/tmp/mock/projects/${whole.project.id}/exports/2026-01-31`, images: reviewed.length, points, missing: [] });
  }
  if (door === "suggestions") {
    const why = "The model's count of this image has the widest interval of all, and no reviewed image looks like it.";
    const items = whole.images
      .filter(({ detail }) => !detail.reviewed)
      .slice(0, 12)
      .map(({ detail }, index) => ({ image: detail.id, name: detail.name, region: index % 2 ? [120, 160, 128, 128] : null, gain: 1 - index / 12, why }));
    return ok({ created: whole.suggested, items: whole.suggested ? items : [] });
  }
  if (door === "counts.csv") return { status: 200, body: "image,count\n", type: "text/csv" };
  return refuse(404, "The mock does not make this.", "Ask the real server.");
}

function add(whole: MockProject, names: string[]) {
  const good = names.filter((name) => /\.(png|tiff?|jpe?g)$/i.test(name));
  const added = good.map((name) => newImage(3000 + whole.images.length + Math.floor(Math.random() * 1e6), name));
  whole.images.push(...added);
  const refused = names.filter((name) => !good.includes(name)).map((name) => ({ name, error: "This is not an image.", cure: "Use PNG, JPEG or TIFF." }));
  return { added: added.map(row), refused };
}

function imageAnswer(method: string, found: MockImage, rest: string[], values: URLSearchParams, body: unknown): Answer {
  const { detail, cells } = found;
  const [what, ...where] = rest;
  if (!what) return ok({ ...detail, ...row(found) });
  if (what === "points") {
    if (method === "PUT") return save(found, body as { points: Point[]; reviewed: boolean; revision: number });
    return ok({ model: found.model, corrected: found.corrected, reviewed: detail.reviewed, revision: found.revision });
  }
  if (what === "thumbnail") {
    const scale = detail.width / 160;
    return picture(drawTile(cells, { scale, left: 0, top: 0, width: 160, height: Math.round(detail.height / scale) }, found.seed, 20, 250, 0));
  }
  if (what === "tiles") {
    const { window } = windowOf(found, where);
    return picture(drawTile(cells, window, found.seed, Number(values.get("low") ?? 20), Number(values.get("high") ?? 250), Number(values.get("channel"))));
  }
  const [kind = "", ...place] = where;
  return picture(drawOverlay(cells, windowOf(found, place).window, kind));
}

function save(found: MockImage, wanted: { points: Point[]; reviewed: boolean; revision: number }): Answer {
  if (wanted.revision !== found.revision) {
    const current = { points: found.corrected, reviewed: found.detail.reviewed, revision: found.revision };
    return { status: 409, body: { error: "Another tab saved meanwhile.", cure: "Choose which one to keep.", current } };
  }
  found.corrected = wanted.points;
  found.detail.reviewed = wanted.reviewed;
  found.revision += 1;
  return ok({ revision: found.revision, corrected: wanted.points.length });
}

function windowOf(found: MockImage, place: string[]): { window: Window } {
  const [level = "0", tile = "0_0"] = place;
  const [column = 0, row = 0] = tile.split("_").map(Number);
  const size = found.detail.levels[Number(level)] ?? found.detail;
  const scale = found.detail.width / size.width;
  const [x, y] = [column * 256, row * 256];
  return { window: { scale, left: x * scale, top: y * scale, width: Math.min(256, size.width - x), height: Math.min(256, size.height - y) } };
}

const picture = (body: Buffer): Answer => ({ status: 200, body, type: "image/png" });
