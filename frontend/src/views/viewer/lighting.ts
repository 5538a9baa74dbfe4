import type { ImageDetail } from "../../api/types.ts";

/** Which channel, and the grey values that are shown as black and as white; null leaves both to the server. */
export interface Lighting {
  channel: number;
  low: number | null;
  high: number | null;
}

/** The colour picture as it is. */
export const COLOUR = -1;

/** Several channels can be seen together. */
export const hasColour = (detail: ImageDetail): boolean => detail.channels.length > 1;

/** The channel looked at before, where this image has it; else the colour picture of three channels, else the first one. */
export function firstLight(detail: ImageDetail, wanted: number | null): Lighting {
  const natural = detail.channels.length === 3 ? COLOUR : 0;
  const possible = wanted !== null && wanted < detail.channels.length && (wanted !== COLOUR || hasColour(detail));
  return { channel: possible ? wanted : natural, low: null, high: null };
}
