import type { Point } from "../api/types.ts";

/** A correction that the server has not confirmed yet, kept in this browser. */
export interface Draft {
  /** null: what the model found, unchanged. */
  points: Point[] | null;
  reviewed: boolean;
  /** The server's state that it began from. */
  revision: number;
}

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const BEGINS = "cytally.draft.";
const key = (project: string, image: string): string => `${BEGINS}${project}.${image}`;

/** All drafts that this browser holds: project and image of each. */
export function listDrafts(store: Pick<Storage, "length" | "key">): { project: string; image: string }[] {
  const found = [];
  for (let place = 0; place < store.length; place += 1) {
    const name = store.key(place) ?? "";
    const [project, image] = name.slice(BEGINS.length).split(".");
    if (name.startsWith(BEGINS) && project && image) found.push({ project, image });
  }
  return found;
}

/** Returns whether it could be kept: a full or forbidden storage must not stop the correcting. */
export function keepDraft(store: Store, project: string, image: string, draft: Draft): boolean {
  try {
    store.setItem(key(project, image), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function readDraft(store: Store, project: string, image: string): Draft | null {
  try {
    const value: unknown = JSON.parse(store.getItem(key(project, image)) ?? "null");
    return isDraft(value) ? value : null;
  } catch {
    return null;
  }
}

export function dropDraft(store: Store, project: string, image: string): void {
  try {
    store.removeItem(key(project, image));
  } catch {
    // A storage that cannot be written holds nothing to drop.
  }
}

const isPoint = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const draft = value as Partial<Draft>;
  return (
    (draft.points === null || (Array.isArray(draft.points) && draft.points.every(isPoint))) &&
    typeof draft.reviewed === "boolean" &&
    typeof draft.revision === "number"
  );
}
