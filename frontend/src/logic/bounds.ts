import type { ImageRow } from "../api/types.ts";

/** Bounds that leave the count out look like a mistake: what they say of the model; null where they hold it. */
export function boundsHint({ count, lower, upper }: Pick<ImageRow, "count" | "lower" | "upper">): string | null {
  if (count === null) return null;
  const wrong = lower !== null && lower > count ? "few" : upper !== null && upper < count ? "many" : null;
  if (wrong === null) return null;
  return `This model counts too ${wrong} on images like those it was calibrated on; the bounds allow for that, the count does not.`;
}
