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

/** The channel chosen before, else the one that was counted in, else the colour picture of three channels, else the first one. */
export function firstLight(detail: Pick<ImageDetail, "channels" | "counted_channel">, chosen: number | undefined): Lighting {
  const natural = detail.channels.length === 3 ? COLOUR : 0;
  return { channel: chosen ?? detail.counted_channel ?? natural, low: null, high: null };
}

/** A channel's name, or its number where it has none. */
export const channelName = (channels: readonly string[], index: number): string => channels[index] || `channel ${index + 1}`;

/** The name of the channel that was counted in, where there are others; else null. */
export function countedIn({ channels, counted_channel: counted }: Pick<ImageDetail, "channels" | "counted_channel">): string | null {
  return channels.length > 1 && typeof counted === "number" ? channelName(channels, counted) : null;
}
