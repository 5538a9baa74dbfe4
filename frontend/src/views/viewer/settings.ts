import type { ImageDetail, OverlayKind } from "../../api/types.ts";
import { Store } from "../../state/store.ts";

export type Tool = "look" | "points" | "box";

/** How pictures are looked at; stays the same from image to image, until the page is reloaded. */
export interface Settings {
  /** The channel that was chosen for images with these channels (`channelsOf`); for others, whatever suits the image. */
  channels: Readonly<Record<string, number>>;
  opacity: Readonly<Record<OverlayKind | "points", number>>;
  tool: Tool;
}

export const settings = new Store<Settings>({
  channels: {},
  opacity: { density: 0, outlines: 0, points: 1 },
  tool: "points",
});

export function setOpacity(layer: OverlayKind | "points", value: number): void {
  settings.set({ ...settings.value, opacity: { ...settings.value.opacity, [layer]: value } });
}

const before: Partial<Record<OverlayKind | "points", number>> = {};

/** Hides a layer, or shows it again as strong as it was. */
export function toggleLayer(layer: OverlayKind | "points"): void {
  const now = settings.value.opacity[layer];
  if (now > 0) before[layer] = now;
  setOpacity(layer, now > 0 ? 0 : (before[layer] ?? (layer === "density" ? 0.6 : 1)));
}

export function setTool(tool: Tool): void {
  settings.set({ ...settings.value, tool });
}

/** Images with the same channels are looked at in the same way. */
export const channelsOf = ({ channels }: Pick<ImageDetail, "channels">): string => channels.join("\n");

export function setChannel(detail: ImageDetail, channel: number): void {
  settings.set({ ...settings.value, channels: { ...settings.value.channels, [channelsOf(detail)]: channel } });
}
