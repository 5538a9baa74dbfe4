import type { ImageRow } from "../api/types.ts";

interface Seen {
  /** Whether a person has changed the points. */
  touched: boolean;
  /** How many points are shown. */
  shown: number;
}

/**
 * Why an image cannot be called reviewed as it is; null where it can.
 *
 * Reviewed without a point says that there is no cell: nobody may say so by ticking what was never counted.
 */
export function whyNotReviewed({ count }: Pick<ImageRow, "count">, { touched, shown }: Seen): string | null {
  if (touched || shown > 0) return null;
  if (count === null) return "Count the image first, or mark its cells.";
  return count < 0.5 ? null : "This model gives no points: mark the cells first.";
}
