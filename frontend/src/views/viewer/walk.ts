import { images as askImages } from "../../api/calls.ts";
import type { ImageRow } from "../../api/types.ts";
import { listParameters, type ListQuery } from "../../logic/list-query.ts";

/** An image of the list, as far as going on to the next one needs it. */
export type Listed = Pick<ImageRow, "id" | "name">;

const HANDFUL = 500;
let kept: { key: string; order: Promise<Listed[]> } | null = null;

/**
 * The images of a list in its order, for going on to the next one. The order is taken once: an image that is ticked
 * as reviewed stays where it is, though a list of those not reviewed would drop it.
 */
export function orderOf(project: string, query: ListQuery): Promise<Listed[]> {
  const key = `${project}?${listParameters(query, 0, 0)}`;
  if (kept?.key === key) return kept.order;
  const order = all(project, query);
  kept = { key, order };
  order.catch(() => {
    kept = null;
  });
  return order;
}

/** The list is looked at again: the next walk goes by what it shows then. */
export function forgetOrder(): void {
  kept = null;
}

async function all(project: string, query: ListQuery): Promise<Listed[]> {
  const found: Listed[] = [];
  for (;;) {
    const page = await askImages(project, query, found.length, HANDFUL);
    found.push(...page.items.map(({ id, name }) => ({ id, name })));
    if (page.items.length === 0 || found.length >= page.total) return found;
  }
}
