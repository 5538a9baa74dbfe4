import { scaleBar } from "../../logic/scale-bar.ts";

export function ScaleBarMark({ zoom, pixelSize }: { zoom: number; pixelSize: number | null }) {
  if (!(zoom > 0)) return null;
  const bar = scaleBar(zoom, pixelSize, 180);
  return (
    <div class="scale-bar" role="img" aria-label={`Scale bar: ${bar.label}`}>
      <div class="bar" style={{ width: `${bar.pixels}px` }} />
      {bar.label}
    </div>
  );
}
