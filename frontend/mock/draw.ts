import { png } from "./png.ts";
import { random } from "./random.ts";

export interface Cell {
  y: number;
  x: number;
  radius: number;
  light: number;
}

/** Cells at random places, some of them missed by the pretended model. */
export function cellsOf(seed: number, width: number, height: number, number: number): Cell[] {
  const draw = random(seed);
  return Array.from({ length: number }, () => ({
    y: draw() * height,
    x: draw() * width,
    radius: 6 + 5 * draw(),
    light: 90 + 150 * draw(),
  }));
}

export interface Window {
  /** Pixels of the image per pixel of the tile. */
  scale: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Light at each pixel of a window: round cells with soft edges on a dim, slightly uneven ground. */
function light(cells: readonly Cell[], { scale, left, top, width, height }: Window, seed: number): Float32Array {
  const values = new Float32Array(width * height);
  const noise = random(seed + left * 7 + top * 13 + Math.round(scale * 100));
  for (let index = 0; index < values.length; index += 1) values[index] = 22 + 9 * noise();
  for (const cell of cells) {
    const reach = cell.radius * 1.6;
    const [x0, x1] = [Math.floor((cell.x - reach - left) / scale), Math.ceil((cell.x + reach - left) / scale)];
    const [y0, y1] = [Math.floor((cell.y - reach - top) / scale), Math.ceil((cell.y + reach - top) / scale)];
    for (let row = Math.max(y0, 0); row < Math.min(y1, height); row += 1) {
      for (let column = Math.max(x0, 0); column < Math.min(x1, width); column += 1) {
        const distance = Math.hypot(left + (column + 0.5) * scale - cell.x - 0.5, top + (row + 0.5) * scale - cell.y - 0.5);
        const share = 1 / (1 + Math.exp((distance - cell.radius) * 1.1));
        const place = row * width + column;
        values[place] = (values[place] ?? 0) + cell.light * share;
      }
    }
  }
  return values;
}

export function drawTile(cells: readonly Cell[], window: Window, seed: number, low: number, high: number, channel: number): Buffer {
  const values = light(cells, window, seed);
  const pixels = new Uint8Array(values.length * 3);
  const tint = channel === -1 ? [0.45, 0.75, 1] : channel === 1 ? [0.9, 0.9, 0.9] : [1, 1, 1];
  values.forEach((value, index) => {
    const shown = Math.min(Math.max((value - low) / (high - low), 0), 1) * 255;
    tint.forEach((share, colour) => {
      pixels[index * 3 + colour] = shown * share;
    });
  });
  return png(pixels, window.width, window.height, 3);
}

/** A pretended density map, or rings for outlines, with alpha. */
export function drawOverlay(cells: readonly Cell[], window: Window, kind: string): Buffer {
  const pixels = new Uint8Array(window.width * window.height * 4);
  const soft = cells.map((cell) => ({ ...cell, light: 255 }));
  const values = light(kind === "density" ? soft.map((cell) => ({ ...cell, radius: cell.radius * 0.6 })) : soft, window, 1);
  values.forEach((value, index) => {
    const on = kind === "density" ? Math.min(Math.max(value - 40, 0), 255) : value > 120 && value < 220 ? 255 : 0;
    pixels.set(kind === "density" ? [255, 90, 20, on] : [90, 255, 120, on], index * 4);
  });
  return png(pixels, window.width, window.height, 4);
}
