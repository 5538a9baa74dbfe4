import { images as askImages } from "../../api/calls.ts";
import { listParameters, type ListQuery } from "../../logic/list-query.ts";

const HANDFUL = 500;
let kept: { key: string; order: Promise<string[]> } | null = null;

/**
 * The images of a list in its order, for going on to the next one. The order is taken once: an image that is ticked
 * as reviewed stays where it is, though a list of those not reviewed would drop it.
 */
export function orderOf(project: string, query: ListQuery): Promise<string[]> {
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

async function all(project: string, query: ListQuery): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const page = await askImages(project, query, found.length, HANDFUL);
    found.push(...page.items.map((image) => image.id));
    if (page.items.length === 0 || found.length >= page.total) return found;
  }
}
