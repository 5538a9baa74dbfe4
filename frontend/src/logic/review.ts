import type { ImageRow } from "../api/types.ts";
import { number } from "./words.ts";

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

/** Reviewed images that a training takes: the server refuses fewer. */
const FEWEST = 4;

/** What is missing before a model can be improved; null where nothing is. */
export function reviewsMissing(reviewed: number): string | null {
  if (reviewed >= FEWEST) return null;
  return `It takes ${number(FEWEST)} reviewed images to train and compare: ${number(FEWEST - reviewed)} more. Open an image, correct its points and tick “Reviewed”.`;
}
