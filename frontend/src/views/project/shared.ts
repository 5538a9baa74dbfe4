import type { ImageRow } from "../../api/types.ts";
import { writeQuery, type ListQuery } from "../../logic/list-query.ts";
import { toImage } from "../../logic/route.ts";

/** What the table and the pictures have in common. */
export interface ListProps {
  project: string;
  items: readonly ImageRow[];
  query: ListQuery;
  /** The place in the whole list of the first item. */
  first: number;
  selected: ReadonlySet<string>;
  toggle: (ids: readonly string[], on: boolean) => void;
}

/** The viewer is told the list it was opened from, so that its next image is the list's next. */
export function viewerAddress(project: string, image: string, query: ListQuery, place: number): string {
  const values = writeQuery(query);
  values.set("at", String(place));
  return toImage(project, image, values);
}

const STATES = { new: "not counted", waiting: "waiting", counting: "counting …", counted: "counted", failed: "failed" } as const;

export function stateWord(image: ImageRow): string {
  return STATES[image.state];
}
