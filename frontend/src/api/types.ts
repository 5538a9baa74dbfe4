/** What the server sends; the names are those of its answers. Coordinates are [y, x] in pixels of the image. */

export type Point = readonly [y: number, x: number];
export type ModelPoint = readonly [y: number, x: number, score: number];
export type Region = readonly [y: number, x: number, height: number, width: number];

export interface Model {
  id: string;
  name: string;
  description: string;
  method: string;
  bundled: boolean;
  calibrated: boolean;
  project: string | null;
  created: string | null;
}

export interface About {
  version: string;
  workspace: string;
  models: Model[];
  upload_limit_bytes: number;
  cores: number;
}

export interface Project {
  id: string;
  name: string;
  created: string;
  images: number;
  counted: number;
  reviewed: number;
  model: string | null;
}

export interface Flag {
  word: string;
  sentence: string;
}

export type ImageState = "new" | "waiting" | "counting" | "counted" | "failed";

export interface ImageRow {
  id: string;
  name: string;
  width: number;
  height: number;
  channels: string[];
  pixel_size: number | null;
  state: ImageState;
  error: string | null;
  count: number | null;
  lower: number | null;
  upper: number | null;
  flags: Flag[];
  model: string | null;
  corrected: number | null;
  reviewed: boolean;
}

export interface ChannelRange {
  channel: number;
  low: number;
  high: number;
  least: number;
  most: number;
}

export interface ImageDetail extends ImageRow {
  tile_size: number;
  levels: { width: number; height: number }[];
  ranges: ChannelRange[];
  overlays: OverlayKind[];
  /** Index into `channels` of the one that was counted in; null: not counted, or counted in colours. */
  counted_channel: number | null;
  depth_note: string | null;
}

export type OverlayKind = "density" | "outlines";

export interface ImagePage {
  total: number;
  revision: number | string;
  items: ImageRow[];
}

export interface Refusal {
  name: string;
  error: string;
  cure: string;
}

export interface Added {
  added: ImageRow[];
  refused: Refusal[];
}

export interface PointsState {
  model: ModelPoint[];
  corrected: Point[] | null;
  reviewed: boolean;
  revision: number;
}

export interface SavedPoints {
  points: Point[] | null;
  reviewed: boolean;
  revision: number;
}

export type JobState = "waiting" | "running" | "done" | "failed" | "cancelled";

export interface CurvePoint {
  step: number;
  loss: number;
  validation: number | null;
}

export interface Measured {
  mae: number | null;
  n: number;
}

export interface JobResult {
  old?: Measured | null;
  new?: Measured | null;
  notes?: string[];
  kept?: "old" | "new";
  model?: string | null;
}

export type JobKind = "count" | "improve" | "suggest";

export interface Job {
  id: string;
  project: string;
  kind: JobKind;
  state: JobState;
  done: number;
  total: number;
  seconds_left: number | null;
  message: string | null;
  created: string;
  finished: string | null;
  curves: CurvePoint[];
  result: JobResult | null;
  /** How long a training was asked to take. */
  minutes: number | null;
  /** All projects share one queue: the job just before this one, perhaps of another project. */
  waits_for: { kind: JobKind; project: string; name: string } | null;
}

export type JobRequest =
  | { kind: "count"; images: string[] | null; model: string }
  | { kind: "improve"; minutes: number; model: string }
  | { kind: "suggest"; model: string };

export interface Suggestion {
  image: string;
  name: string;
  region: Region | null;
  gain: number;
  why: string;
}

export interface Suggestions {
  created: string | null;
  items: Suggestion[];
}

export interface Exported {
  folder: string;
  images: number;
  points: number;
  /** Reviewed images that were left out, as their files are gone. */
  missing: string[];
}
