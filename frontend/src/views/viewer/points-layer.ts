import type { Point, Region } from "../../api/types.ts";
import type { Box } from "../../logic/points.ts";

/** Where the image lies on the screen: screen = origin + (pixel + 0.5) * zoom. */
export interface Place {
  x: number;
  y: number;
  zoom: number;
}

export interface Marks {
  kept: readonly Point[];
  placed: readonly Point[];
  removed: readonly Point[];
  opacity: number;
  region: Region | null;
  box: Box | null;
}

// Bright on a dark rim, so that they are seen on black and on white, and told apart by shape as well as by colour.
const KEPT = "#ffd84d";
const PLACED = "#4de3ff";
const REMOVED = "#ff8f7a";
const RIM = "rgba(0, 0, 0, 0.75)";

/** Draws the points; thousands in one go, only those in sight. */
export function drawMarks(canvas: HTMLCanvasElement, place: Place, marks: Marks): void {
  const ratio = window.devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  const across = Math.round(width * ratio);
  const down = Math.round(height * ratio);
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const brush = canvas.getContext("2d");
  if (brush === null) return;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  const radius = Math.min(Math.max(place.zoom * 4, 2), 8);
  const seen = (points: readonly Point[]): Point[] => {
    const found: Point[] = [];
    for (const [y, x] of points) {
      const left = place.x + (x + 0.5) * place.zoom;
      const top = place.y + (y + 0.5) * place.zoom;
      if (left > -9 && top > -9 && left < width + 9 && top < height + 9) found.push([top, left]);
    }
    return found;
  };
  if (marks.opacity > 0) {
    brush.globalAlpha = marks.opacity;
    stampAll(brush, seen(marks.kept), ring, radius, KEPT, ratio);
    stampAll(brush, seen(marks.placed), diamond, radius + 1, PLACED, ratio);
    stampAll(brush, seen(marks.removed), cross, radius * 0.8, REMOVED, ratio);
    brush.globalAlpha = 1;
  }
  if (marks.region) {
    const [y, x, tall, wide] = marks.region;
    frame(brush, place, { y0: y, x0: x, y1: y + tall - 1, x1: x + wide - 1 }, "#ffffff");
  }
  if (marks.box) frame(brush, place, marks.box, REMOVED);
}

function twice(brush: CanvasRenderingContext2D, colour: string, line = 1.8): void {
  brush.lineWidth = line + 1.8;
  brush.strokeStyle = RIM;
  brush.stroke();
  brush.lineWidth = line;
  brush.strokeStyle = colour;
  brush.stroke();
}

type Shape = (brush: CanvasRenderingContext2D, radius: number) => void;

function ring(brush: CanvasRenderingContext2D, radius: number): void {
  brush.arc(0, 0, radius, 0, 2 * Math.PI);
}

function diamond(brush: CanvasRenderingContext2D, radius: number): void {
  brush.moveTo(0, -radius);
  brush.lineTo(radius, 0);
  brush.lineTo(0, radius);
  brush.lineTo(-radius, 0);
  brush.closePath();
}

function cross(brush: CanvasRenderingContext2D, radius: number): void {
  brush.moveTo(-radius, -radius);
  brush.lineTo(radius, radius);
  brush.moveTo(radius, -radius);
  brush.lineTo(-radius, radius);
}

/** One mark is drawn and then copied: outlining thousands anew for each frame is many times slower. */
function stampAll(
  brush: CanvasRenderingContext2D,
  points: readonly Point[],
  shape: Shape,
  radius: number,
  colour: string,
  ratio: number,
): void {
  if (points.length === 0) return;
  const half = Math.ceil(radius + 3);
  const stamp = document.createElement("canvas");
  stamp.width = stamp.height = Math.ceil(2 * half * ratio);
  const pen = stamp.getContext("2d");
  if (pen === null) return;
  pen.scale(ratio, ratio);
  pen.translate(half, half);
  pen.beginPath();
  shape(pen, radius);
  twice(pen, colour);
  const side = stamp.width / ratio;
  for (const [y, x] of points) brush.drawImage(stamp, x - half, y - half, side, side);
}

function frame(brush: CanvasRenderingContext2D, place: Place, box: Box, colour: string): void {
  const left = place.x + Math.min(box.x0, box.x1) * place.zoom;
  const top = place.y + Math.min(box.y0, box.y1) * place.zoom;
  brush.beginPath();
  brush.rect(left, top, (Math.abs(box.x1 - box.x0) + 1) * place.zoom, (Math.abs(box.y1 - box.y0) + 1) * place.zoom);
  brush.setLineDash([6, 4]);
  twice(brush, colour, 1.5);
  brush.setLineDash([]);
}
