import type { Flag, ImageDetail, Job, Model, ModelPoint, Point, Project } from "../src/api/types.ts";
import { cellsOf, type Cell } from "./draw.ts";
import { random } from "./random.ts";

export interface MockImage {
  detail: ImageDetail;
  cells: Cell[];
  seed: number;
  model: ModelPoint[];
  corrected: Point[] | null;
  revision: number;
}

export interface MockProject {
  project: Project;
  images: MockImage[];
  suggested: string | null;
}

const FLAGS: Flag[] = [
  { word: "blurred", sentence: "The image is less sharp than those the model learned from; cells may be missed." },
  { word: "dense", sentence: "There are more cells per area than in the images the model learned from." },
];

export const models: Model[] = [
  {
    id: "nuclei-fluorescence",
    name: "nuclei-fluorescence",
    description: "Counts stained nuclei, bright on dark, in fluorescence images.",
    method: "density",
    bundled: true,
    calibrated: true,
    project: null,
    created: null,
  },
  {
    id: "cells-phase-contrast",
    name: "cells-phase-contrast",
    description: "Counts cells in phase-contrast images.",
    method: "density",
    bundled: true,
    calibrated: false,
    project: null,
    created: null,
  },
];

export function newImage(id: number, name: string, size = 0): MockImage {
  const draw = random(id + 1);
  const [width, height] = size > 0 ? [size, Math.round(size * 0.75)] : [640, 480];
  const number = size > 0 ? 6000 : Math.round(20 + 110 * draw());
  const levels = [{ width, height }];
  while (Math.max(levels[0]?.width ?? 0, levels[0]?.height ?? 0) > 256) {
    levels.unshift({ width: Math.ceil((levels[0]?.width ?? 0) / 2), height: Math.ceil((levels[0]?.height ?? 0) / 2) });
  }
  const detail: ImageDetail = {
    id: `i${id}`,
    name,
    width,
    height,
    channels: ["DAPI", "GFP"],
    pixel_size: id % 3 === 2 ? null : 0.65,
    state: "new",
    error: null,
    count: null,
    lower: null,
    upper: null,
    flags: [],
    model: null,
    corrected: null,
    reviewed: false,
    tile_size: 256,
    levels,
    ranges: [0, 1].map((channel) => ({ channel, low: 20, high: 250, least: 0, most: 400 })),
    overlays: ["density", "outlines"],
    counted_channel: null,
    depth_note: null,
  };
  return { detail, cells: cellsOf(id + 1, width, height, number), seed: id, model: [], corrected: null, revision: 0 };
}

/** What counting pretends to find: most of the cells, and a few that are none. */
export function pretendCount(image: MockImage, model: string): void {
  const draw = random(image.seed + 77);
  const points: ModelPoint[] = image.cells
    .filter(() => draw() > 0.06)
    .map(({ y, x }) => [Math.round(y * 100) / 100, Math.round(x * 100) / 100, 0.6 + 0.4 * draw()]);
  const count = points.length + Math.round(draw() * 30) / 10;
  image.model = points;
  Object.assign(image.detail, {
    state: image.seed % 23 === 22 ? "failed" : "counted",
    error: image.seed % 23 === 22 ? "The file ends early: 12 of 48 strips are missing." : null,
    count: image.seed % 23 === 22 ? null : count,
    lower: model === "nuclei-fluorescence" && image.seed % 23 !== 22 ? count * 0.9 : null,
    upper: model === "nuclei-fluorescence" && image.seed % 23 !== 22 ? count * 1.12 : null,
    flags: image.seed % 5 === 1 ? FLAGS.slice(0, image.seed % 2 === 0 ? 2 : 1) : [],
    counted_channel: image.seed % 23 === 22 ? null : 0,
    model,
  });
}

export const projects: MockProject[] = [];
export const jobs: Job[] = [];
let made = 0;

export function newProject(name: string): MockProject {
  made += 1;
  const project = { id: `p${made}`, name, created: new Date().toISOString(), images: 0, counted: 0, reviewed: 0, model: "nuclei-fluorescence" };
  const whole = { project, images: [], suggested: null };
  projects.push(whole);
  return whole;
}

/** The project as the server would tell it. */
export function told({ project, images }: MockProject): Project {
  return {
    ...project,
    images: images.length,
    counted: images.filter(({ detail }) => detail.state === "counted").length,
    reviewed: images.filter(({ detail }) => detail.reviewed).length,
  };
}

const first = newProject("Drawn nuclei, dose response");
const NUMBER = Number(process.env["MOCK_IMAGES"] ?? 60);
for (let id = 0; id < NUMBER; id += 1) first.images.push(newImage(id, `well-${"ABCDEFGH"[id % 8] ?? ""}${String(Math.floor(id / 8) + 1).padStart(2, "0")}.tif`));
first.images.push(newImage(2000, "overview.ome.tif", 6000));
first.images.slice(0, -10).forEach((image) => pretendCount(image, "nuclei-fluorescence"));
const last = first.images.at(-1);
if (last) pretendCount(last, "nuclei-fluorescence");
newProject("Phase contrast, week 2");
