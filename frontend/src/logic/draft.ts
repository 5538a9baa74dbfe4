import type { Point } from "../api/types.ts";

/** A correction that the server has not confirmed yet, kept in this browser. */
export interface Draft {
  points: Point[];
  reviewed: boolean;
  /** The server's state that it began from. */
  revision: number;
}

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const key = (project: string, image: string): string => `cytally.draft.${project}.${image}`;

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

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const draft = value as Partial<Draft>;
  return (
    Array.isArray(draft.points) &&
    draft.points.every((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite)) &&
    typeof draft.reviewed === "boolean" &&
    typeof draft.revision === "number"
  );
}
