/** A bar of a round length that takes up about a fifth of the view. */

export interface ScaleBar {
  label: string;
  /** Its length on the screen. */
  pixels: number;
}

/**
 * @param zoom Pixels of the screen per pixel of the image.
 * @param pixelSize Micrometres per pixel of the image, null where unknown.
 * @param most The longest that the bar may be, in pixels of the screen.
 */
export function scaleBar(zoom: number, pixelSize: number | null, most: number): ScaleBar {
  const perUnit = pixelSize === null ? zoom : zoom / pixelSize;
  const length = roundBelow(most / perUnit);
  return { label: pixelSize === null ? inPixels(length) : inMetres(length), pixels: length * perUnit };
}

/** The largest of 1, 2, 5, 10, 20, 50, … that is not above `value`. */
export function roundBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = value / power;
  // A hair of slack, as 5 * 10 ** -1 is not exactly 0.5.
  for (const step of [5, 2, 1]) if (lead >= step * (1 - 1e-9)) return step * power;
  return power;
}

function inPixels(length: number): string {
  return `${tidy(length)} ${length === 1 ? "pixel" : "pixels"}`;
}

function inMetres(micrometres: number): string {
  if (micrometres >= 1000) return `${tidy(micrometres / 1000)} mm`;
  if (micrometres >= 1) return `${tidy(micrometres)} µm`;
  return `${tidy(micrometres * 1000)} nm`;
}

function tidy(value: number): string {
  return String(Number(value.toPrecision(3)));
}
